/** The planner for steps whose types and edges are given: puts them into an order that can be run. */
import { GatewayError } from '../../src/errors.ts'
import type { PlannedStep, Planner } from '../../src/ports/routing.ts'

/** Builds a planner that orders typed steps. It holds no state. */
export function createTypedPlanner(): Planner {
  return { plan }
}

/** Layer by layer: each step comes as early as what it reads allows; within a layer the given order stays. */
function plan(steps: readonly PlannedStep[]): ReturnType<Planner['plan']> {
  checkIds(steps)
  const placed = new Set<string>()
  const layers: string[][] = []
  let left = steps
  while (left.length > 0) {
    const ready = left.filter((step) => step.reads.every((id) => placed.has(id)))
    if (ready.length === 0) {
      throw refuse('These steps read each other in a circle', left[0], left.map((step) => step.id).join(', '))
    }
    for (const step of ready) placed.add(step.id)
    layers.push(ready.map((step) => step.id))
    left = left.filter((step) => !placed.has(step.id))
  }
  return { order: layers.flat(), layers }

  function refuse(problem: string, step: PlannedStep | undefined, names: string): GatewayError {
    const index = step ? steps.indexOf(step) : 0
    return new GatewayError('invalid_request', `${problem}: ${names}.`, { param: `steps.${index}` })
  }

  function checkIds(all: readonly PlannedStep[]): void {
    const ids = new Set<string>()
    for (const step of all) {
      if (ids.has(step.id)) throw refuse('Two steps have the same id', step, step.id)
      ids.add(step.id)
    }
    for (const step of all) {
      const unknown = step.reads.find((id) => !ids.has(id))
      if (unknown !== undefined)
        throw refuse(`Step ${step.id} reads a step that does not exist`, step, unknown)
    }
  }
}
