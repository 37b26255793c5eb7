import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { budgetOf, splitHold } from '../../../../src/pipeline/admission/budget.ts'
import type { StepPlan } from '../../../../src/pipeline/language/plan.ts'

const amount = fc.bigInt({ min: 0n, max: 2n ** 55n })
const bounds = fc.tuple(amount, amount).map(([first, second]) => ({
  leastRao: first < second ? first : second,
  worstRao: first < second ? second : first,
}))
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, one) => total + one, 0n)

function check(property: fc.IProperty<unknown>): void {
  const seed = Date.now() % 2 ** 31
  try {
    fc.assert(property as fc.IProperty<[unknown]>, { seed, numRuns: 500 })
  } catch (cause) {
    throw new Error(`seed ${seed}`, { cause })
  }
}

describe('splitHold', () => {
  it('gives every step at least what it costs and at most its worst case, and never more than the cap in all', () => {
    check(
      fc.property(fc.array(bounds, { minLength: 1, maxLength: 32 }), amount, (steps, more) => {
        const capRao = sum(steps.map(({ leastRao }) => leastRao)) + more
        const { holdRao, sharesRao } = splitHold(steps, capRao)
        expect(sum(sharesRao)).toBeLessThanOrEqual(holdRao)
        expect(holdRao <= capRao || holdRao === 1n).toBe(true)
        steps.forEach(({ leastRao, worstRao }, index) => {
          expect(sharesRao[index]).toBeGreaterThanOrEqual(leastRao)
          expect(sharesRao[index]).toBeLessThanOrEqual(worstRao)
        })
      }),
    )
  })

  it('without a cap holds every worst case, and 1 rao of a run that is free', () => {
    expect(
      splitHold(
        [
          { leastRao: 1n, worstRao: 5n },
          { leastRao: 2n, worstRao: 7n },
        ],
        null,
      ),
    ).toEqual({
      holdRao: 12n,
      sharesRao: [5n, 7n],
    })
    expect(splitHold([{ leastRao: 0n, worstRao: 0n }], null).holdRao).toBe(1n)
  })
})

describe('budgetOf', () => {
  const plan = (id: string, budgetRao: bigint, ...reads: string[]): StepPlan => ({
    id,
    reads,
    models: [],
    facts: { use: 'chat', asksJson: false, count: 0, textBytesMax: 0 },
    outputTokensMax: 0,
    worstRao: 100n,
    budgetRao,
  })
  const steps = (...statuses: ('succeeded' | 'ready' | 'pending' | 'running')[]) =>
    statuses.map((status, index) => ({ id: ['a', 'b', 'c'][index] ?? '', status }))

  it('a step gets what earlier ones left over while nothing can run beside it', () => {
    const plans = [plan('a', 40n), plan('b', 40n, 'a'), plan('c', 20n, 'b')]
    const run = { heldRao: 100n, capturedRao: 10n, steps: steps('succeeded', 'running', 'pending') }
    expect(budgetOf(run, plans, 'b')).toBe(70n)
    expect(budgetOf({ ...run, capturedRao: 40n }, plans, 'b')).toBe(40n)
  })

  it('steps that may run side by side keep to their shares, so that they cannot spend the same rao', () => {
    const plans = [plan('a', 40n), plan('b', 40n), plan('c', 20n, 'a', 'b')]
    const run = { heldRao: 100n, capturedRao: 0n, steps: steps('running', 'ready', 'pending') }
    expect(budgetOf(run, plans, 'a')).toBe(40n)
    expect(budgetOf(run, plans, 'b')).toBe(40n)
  })

  it('no step gets more than its worst case', () => {
    const plans = [plan('a', 40n), plan('b', 40n, 'a')]
    const run = { heldRao: 1_000n, capturedRao: 0n, steps: steps('succeeded', 'running') }
    expect(budgetOf(run, plans, 'b')).toBe(100n)
  })
})
