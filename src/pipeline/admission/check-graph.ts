/** The checks of a definition that need no step's body: who reads whom, in which order, and what the input and the output may say. */
import { GatewayError } from '../../errors.ts'
import type { Planner } from '../../ports/routing.ts'
import type { RunDefinition, Step } from '../language/definition.ts'
import type { Edges } from '../language/graph.ts'
import { invalid } from '../language/invalid.ts'
import { describeSlot, type OutputFacts } from '../language/output-shapes.ts'
import { type From, listReferences, mapReferences, valueAt } from '../language/references.ts'
import type { CallerFiles } from './caller-files.ts'

/** Layers of steps that wait for each other. */
const DEPTH_MAX = 16

/** What a step waits for: the steps that it refers to and those that it needs. @throws GatewayError `invalid_request` */
export function listReads(step: Step, steps: readonly Step[]): readonly string[] {
  const check = (id: string, param: string) => {
    if (id === step.id) throw invalid(param, `the step ${id} cannot wait for itself`)
    if (!steps.some((other) => other.id === id)) throw invalid(param, `there is no step ${quote(id)}`)
    return id
  }
  const path = `steps.${step.index}`
  const needed = step.needs.map((id, index) => check(id, `${path}.needs.${index}`))
  const read = listReferences(step.with, ['steps', String(step.index), 'with']).flatMap(
    ({ from, path: place }) => (from.stepId === null ? [] : check(from.stepId, place.join('.'))),
  )
  return [...new Set([...read, ...needed])]
}

/** Steps in layers. @throws GatewayError `invalid_request` they read each other in a circle, or too deep */
export function planLayers(
  steps: readonly Step[],
  edges: readonly Edges[],
  planner: Planner,
): readonly (readonly string[])[] {
  const { layers } = planner.plan(
    steps.map(({ id, use }) => ({
      id,
      capability: use,
      reads: edges.find((edge) => edge.id === id)?.reads ?? [],
    })),
  )
  if (layers.length <= DEPTH_MAX) return layers
  throw invalid('steps', `${layers.length} steps wait for each other in a row; at most ${DEPTH_MAX} may`)
}

/** Files anywhere in the input must be the caller's. @throws GatewayError `invalid_request` another reference · `not_found` */
export async function checkInput(definition: RunDefinition, files: CallerFiles): Promise<void> {
  const found: { fileId: string; param: string }[] = []
  mapReferences(
    definition.input ?? {},
    (reference, path) => {
      const param = path.join('.')
      if (reference.kind !== 'file') throw invalid(param, 'the input has values and files, and no references')
      found.push({ fileId: reference.fileId, param })
    },
    ['input'],
  )
  for (const { fileId, param } of found) await files.check(fileId, param)
}

/** @throws GatewayError `invalid_request` a reference of the output that can lead nowhere, or a file that the input does not name */
export function checkOutput(definition: RunDefinition, factsByStep: ReadonlyMap<string, OutputFacts>): void {
  mapReferences(
    definition.output ?? {},
    (reference, path) => {
      const param = path.join('.')
      if (reference.kind === 'file') throw invalid(param, 'refer to the file in the input instead')
      const parts = reference.kind === 'text' ? reference.parts : [reference]
      for (const part of parts) if (typeof part !== 'string') checkFrom(part, param)
    },
    ['output'],
  )

  function checkFrom(from: From, param: string): void {
    if (from.stepId === null) {
      if (valueAt(definition.input ?? {}, from.path) !== undefined || from.fallback) return
      throw invalid(param, `there is nothing at ${quote(from.pointer)}, and no default`)
    }
    const facts = factsByStep.get(from.stepId)
    if (!facts) throw invalid(param, `there is no step ${quote(from.stepId)}`)
    if (describeSlot(facts, from.path) === null) {
      throw invalid(param, `${quote(from.pointer)} leads nowhere: the step has no such output`)
    }
  }
}

/** @throws GatewayError `invalid_request` the cap cannot pay for the steps even at the least */
export function checkCap(capRao: bigint | null, leastRao: bigint, param: string): void {
  if (capRao === null || capRao >= leastRao) return
  throw new GatewayError(
    'invalid_request',
    `${param}: this costs ${leastRao} rao at the least, and may cost ${capRao}.`,
    { param },
  )
}

const quote = (text: string) => JSON.stringify(text.slice(0, 100))
