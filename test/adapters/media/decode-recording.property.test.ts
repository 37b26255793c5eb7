import fc from 'fast-check'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { decodeRecording } from '../../../adapters/media/decode-recording.ts'
import { AudioFault } from '../../../adapters/media/sound.ts'
import { FIXTURES, fixture } from './files.ts'

beforeAll(() => {
  for (const name of ['error', 'warn', 'log'] as const) vi.spyOn(console, name).mockImplementation(() => {})
})
afterAll(() => {
  vi.restoreAllMocks()
})

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 1_000_000)
const SECONDS_MAX = 2

type Change =
  | { readonly kind: 'cut'; readonly to: number }
  | { readonly kind: 'drop' | 'repeat'; readonly from: number; readonly size: number }
  | { readonly kind: 'write'; readonly at: number; readonly byte: number }

/** Positions are parts of the length, so that one change fits every file. */
const part = fc.double({ min: 0, max: 1, noNaN: true })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), to: part }),
  fc.record({ kind: fc.constantFrom('drop' as const, 'repeat' as const), from: part, size: part }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), at: part, byte: fc.nat(255) }) },
  // Headers are small: most writes into the head hit one.
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      at: fc.double({ min: 0, max: 0.05, noNaN: true }),
      byte: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
    }),
  },
)

function apply(bytes: Uint8Array, one: Change): Uint8Array {
  const position = (share: number) => Math.floor(share * bytes.length)
  switch (one.kind) {
    case 'cut':
      return bytes.slice(0, position(one.to))
    case 'drop':
      return new Uint8Array(
        Buffer.concat([
          bytes.subarray(0, position(one.from)),
          bytes.subarray(position(one.from) + position(one.size)),
        ]),
      )
    case 'repeat':
      return new Uint8Array(
        Buffer.concat([bytes, bytes.subarray(position(one.from), position(one.from) + position(one.size))]),
      )
    case 'write': {
      const changed = bytes.slice()
      changed[Math.min(bytes.length - 1, position(one.at))] = one.byte
      return changed
    }
  }
}

it(`a damaged recording is heard within the limit or refused, never more (seed ${seed})`, async () => {
  console.info(`property seed ${seed}`)
  let heard = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...FIXTURES),
      fc.array(change, { minLength: 1, maxLength: 8 }),
      async (name, changes) => {
        const bytes = changes.reduce(apply, fixture(name))
        const result = await decodeRecording(bytes, { secondsMax: SECONDS_MAX }).catch(
          (error: unknown) => error,
        )
        if (result instanceof Error) {
          expect(result).toBeInstanceOf(AudioFault)
          expect(result.message).toMatch(/^[A-Z][ -~]{5,200}\.$/)
          return
        }
        heard += 1
        expect(result).toMatchObject({ durationSeconds: expect.any(Number) })
        const { wav, durationSeconds } = result as Awaited<ReturnType<typeof decodeRecording>>
        expect(durationSeconds).toBeGreaterThan(0)
        expect(durationSeconds).toBeLessThanOrEqual(SECONDS_MAX)
        expect(wav.length).toBe(44 + 2 * Math.round(durationSeconds * 16_000))
      },
    ),
    { seed, numRuns: Number(process.env.PROPERTY_RUNS ?? 400), endOnFailure: true },
  )
  expect(heard).toBeGreaterThan(0)
}, 120_000)

it(`random bytes are refused (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        '',
        'RIFF\xff\xff\xff\xffWAVEfmt ',
        'OggS',
        '\x1aE\xdf\xa3',
        'fLaC',
        'ID3\x03\0',
        '\0\0\0\x18ftypisom',
        '\xff\xf1P@',
        '\xff\xfbP@',
      ),
      fc.uint8Array({ maxLength: 3000 }),
      async (magic, rest) => {
        const bytes = new Uint8Array(Buffer.concat([Buffer.from(magic, 'latin1'), rest]))
        const result = await decodeRecording(bytes, { secondsMax: SECONDS_MAX }).catch(
          (error: unknown) => error,
        )
        if (result instanceof Error) expect(result).toBeInstanceOf(AudioFault)
        else expect(result).toMatchObject({ durationSeconds: expect.any(Number) })
      },
    ),
    { seed, numRuns: 400, endOnFailure: true },
  )
}, 120_000)
