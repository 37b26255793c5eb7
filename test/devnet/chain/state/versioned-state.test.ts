import fc from 'fast-check'
import { expect, it } from 'vitest'
import { VersionedState } from '../../../../devnet/chain/state/versioned-state.ts'

const keys = ['0xaa', '0xab', '0xba', '0xbb']
const changes = fc.array(
  fc.tuple(fc.constantFrom(...keys), fc.option(fc.constantFrom('0x01', '0x02'), { nil: null })),
  { maxLength: 4 },
)

it('reads as of any block what a whole copy for each block would have', () => {
  fc.assert(
    fc.property(
      fc.array(changes, { minLength: 1, maxLength: 12 }),
      fc.nat(11),
      fc.nat(4),
      (blocks, pruneTo, revertCount) => {
        const state = new VersionedState()
        const copies: Map<string, string>[] = []
        for (const [number, block] of blocks.entries()) {
          state.apply(number, new Map(block))
          const copy = new Map(copies[number - 1])
          for (const [key, value] of new Map(block)) {
            if (value === null) copy.delete(key)
            else copy.set(key, value)
          }
          copies.push(copy)
        }
        const oldest = Math.min(pruneTo, blocks.length - 1)
        state.prune(oldest)
        for (let index = 0; index < revertCount && copies.length - 1 > oldest; index++) {
          state.revert(copies.length - 1)
          copies.pop()
        }
        for (let number = oldest; number < copies.length; number++) {
          const copy = copies[number]!
          expect(new Map(state.entries(number))).toEqual(copy)
          for (const key of keys) expect(state.get(key, number)).toBe(copy.get(key) ?? null)
          const listed = state.listKeys('0xa', number, { count: 10, start: null })
          expect(listed).toEqual([...copy.keys()].filter((key) => key.startsWith('0xa')).sort())
        }
      },
    ),
    { verbose: true },
  )
})

it('lists keys page by page, each once', () => {
  const state = new VersionedState()
  state.apply(0, new Map(keys.map((key) => [key, '0x01'])))
  const pages: string[] = []
  let start: string | null = null
  for (;;) {
    const page = state.listKeys('0x', 0, { count: 3, start })
    if (page.length === 0) break
    pages.push(...page)
    start = page.at(-1)!
  }
  expect(pages).toEqual(keys)
})
