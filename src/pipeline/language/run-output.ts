/** What a run answers with, from the outputs of its steps. Pure. */
import type { RunError, RunStep } from '../../ports/runs.ts'
import { writeText } from './fill.ts'
import { listLast } from './graph.ts'
import type { PlannedRun } from './plan.ts'
import { type From, mapReferences, type Reference, valueAt } from './references.ts'

export type RunOutput = {
  readonly output: unknown
  /** Whether something is missing from it. */
  readonly partial: boolean
  /** Why it could not be written although every step succeeded; null when it could. */
  readonly problem: RunError | null
}

/** Output of the finished steps, by id. */
export type Outputs = ReadonlyMap<string, unknown>

/** An output that refers to the same things many times must not become larger than what a step may give out. */
const OUTPUT_BYTES_MAX = 25 * 1024 * 1024

/** A member refers to what is not there. Never leaves this file. */
class Missing extends Error {
  override readonly name = 'Missing'
}

export function outputsOf(steps: readonly Pick<RunStep, 'id' | 'status' | 'output'>[]): Outputs {
  return new Map(steps.filter(({ status }) => status === 'succeeded').map(({ id, output }) => [id, output]))
}

/** Members that refer to something that is not there are left out, and the output is then partial. */
export function writeOutput({ definition, plan }: PlannedRun, outputs: Outputs): RunOutput {
  const template = definition.output ?? lastSteps(plan.steps)
  const scope: Scope = { input: definition.input ?? {}, outputs, bytesLeft: OUTPUT_BYTES_MAX }
  const members: [string, unknown][] = []
  let partial = false
  for (const [name, member] of Object.entries(template)) {
    try {
      members.push([name, mapReferences(member, (reference) => resolve(reference, scope))])
    } catch (thrown) {
      if (!(thrown instanceof Missing)) throw thrown
      partial = true
    }
  }
  const output = Object.fromEntries(members)
  if (scope.bytesLeft >= 0) return { output, partial, problem: null }
  const message = 'The output of the run is larger than 25 MiB. The outputs of its steps are kept.'
  return { output: null, partial: true, problem: { code: 'invalid_request', message } }
}

type Scope = {
  readonly input: unknown
  readonly outputs: Outputs
  bytesLeft: number
}

const lastSteps = (steps: PlannedRun['plan']['steps']) =>
  Object.fromEntries(listLast(steps).map((id) => [id, { $from: `/steps/${id}` }]))

function resolve(reference: Reference, scope: Scope): unknown {
  switch (reference.kind) {
    case 'from':
      return take(resolveFrom(reference, scope), scope)
    case 'text':
      return reference.parts.map((part) => take(textOf(part, scope), scope)).join('')
    case 'file':
      // Refused when the definition was checked.
      throw new Missing()
  }
}

function resolveFrom({ stepId, path, fallback }: From, { input, outputs }: Scope): unknown {
  const value = valueAt(stepId === null ? input : outputs.get(stepId), path)
  if (value !== undefined) return value
  if (fallback) return fallback.value
  throw new Missing()
}

function textOf(part: string | From, scope: Scope): string {
  if (typeof part === 'string') return part
  const text = writeText(resolveFrom(part, scope)) ?? writeText(part.fallback?.value)
  if (text === null) throw new Missing()
  return text
}

/** Counts what goes out; nothing more is copied once it is too much. */
function take(value: unknown, scope: Scope): unknown {
  if (scope.bytesLeft < 0) return null
  scope.bytesLeft -= Buffer.byteLength(JSON.stringify(value) ?? '')
  return scope.bytesLeft < 0 ? null : value
}
