import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTypedPlanner } from '../../../routers/planner/typed.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { PlannedStep } from '../../../src/ports/routing.ts'

const planner = createTypedPlanner()
const step = (id: string, ...reads: string[]): PlannedStep => ({ id, capability: 'chat', reads })

function refusal(steps: readonly PlannedStep[]): GatewayError {
  try {
    planner.plan(steps)
  } catch (error) {
    if (error instanceof GatewayError) return error
  }
  throw new Error('it was not refused')
}

it('orders a chain whatever order it is written in', () => {
  const steps = [step('paint', 'sum'), step('sum', 'hear'), step('hear')]
  expect(planner.plan(steps)).toEqual({
    order: ['hear', 'sum', 'paint'],
    layers: [['hear'], ['sum'], ['paint']],
  })
})

it('puts what can run side by side into one layer, in the order given', () => {
  const steps = [step('b'), step('a'), step('join', 'a', 'b'), step('alone'), step('end', 'join', 'a')]
  expect(planner.plan(steps).layers).toEqual([['b', 'a', 'alone'], ['join'], ['end']])
})

it('of no steps makes an empty plan', () => {
  expect(planner.plan([])).toEqual({ order: [], layers: [] })
})

it.each([
  ['a circle', [step('x'), step('a', 'b'), step('b', 'c'), step('c', 'a')], 'steps.1', /circle: a, b, c/],
  ['a step that reads itself', [step('a', 'a')], 'steps.0', /circle: a/],
  ['an unknown step', [step('a'), step('b', 'nobody')], 'steps.1', /does not exist: nobody/],
  ['an id that comes twice', [step('a'), step('b'), step('a')], 'steps.2', /same id: a/],
])('refuses %s and says where', (_name, steps, param, message) => {
  expect(refusal(steps)).toMatchObject({
    code: 'invalid_request',
    param,
    message: expect.stringMatching(message),
  })
})

it('every step of any acyclic plan comes once, after all that it reads, and as early as it can', () => {
  const plans = fc
    .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 20 })
    .map((reads) =>
      reads.map((from, index) => step(`s${index}`, ...from.slice(0, index).map((n) => `s${n % index}`))),
    )
  fc.assert(
    fc.property(plans, fc.infiniteStream(fc.nat()), (steps, numbers) => {
      const shuffled = steps
        .map((value) => ({ value, at: numbers.next().value }))
        .sort((a, b) => a.at - b.at)
        .map(({ value }) => value)
      const { order, layers } = planner.plan(shuffled)
      expect([...order].sort()).toEqual(steps.map(({ id }) => id).sort())
      const layerOf = new Map(layers.flatMap((ids, layer) => ids.map((id) => [id, layer] as const)))
      for (const { id, reads } of steps) {
        expect(layerOf.get(id)).toBe(Math.max(-1, ...reads.map((read) => layerOf.get(read) ?? 99)) + 1)
      }
    }),
  )
})
