/** What a caller hands in: steps, their inputs and their limits, as the API document describes them; and the same, ready to be worked with. */

import { GatewayError } from '../../errors.ts'
import type { Capability } from '../../ports/capability.ts'
import { parseRao } from '../../units.ts'
import { invalid } from './invalid.ts'

export type StepUse = Capability | 'text.concat'

export const STEP_USES = [
  'chat',
  'audio.transcribe',
  'image.generate',
  'image.recognize',
  'text.concat',
] as const satisfies readonly StepUse[]

/** A step as it is written. Passed the schema `StepDefinition` of the API document. */
export type StepDefinition = {
  readonly id: string
  readonly use: StepUse
  readonly model?: string
  readonly with: Readonly<Record<string, unknown>>
  readonly needs?: readonly string[]
  readonly retry?: { readonly attempts?: number; readonly backoff_s?: number }
  readonly timeout_s?: number
  readonly max_cost_rao?: string
  readonly on_error?: 'fail'
}

/** A job as it is written. Passed the schema `CreateRunRequest` of the API document. */
export type RunDefinition = {
  readonly version?: 1
  readonly input?: Readonly<Record<string, unknown>>
  readonly steps: readonly StepDefinition[]
  readonly output?: Readonly<Record<string, unknown>>
  readonly max_cost_rao?: string
  readonly timeout_s?: number
  readonly on_error?: 'fail'
  readonly metadata?: Readonly<Record<string, string>>
  readonly dry_run?: boolean
}

/** A step with its defaults filled in. */
export type Step = {
  readonly id: string
  /** Place in the definition, for errors: `steps.<index>`. */
  readonly index: number
  readonly use: StepUse
  /** Null leaves the choice to the gate. */
  readonly model: string | null
  readonly with: Readonly<Record<string, unknown>>
  readonly needs: readonly string[]
  /** Tries in all, from 1. */
  readonly attempts: number
  /** Pause before the second try; doubles with each. */
  readonly backoffMs: number
  /** Longest time of one try; null leaves it to the run's. */
  readonly timeoutMs: number | null
  readonly costMaxRao: bigint | null
}

/** Tries of a step when the definition does not say. */
const ATTEMPTS_DEFAULT = 3
const BACKOFF_MS_DEFAULT = 1_000
/** Ten minutes are enough for every chain of single requests that end within their own limits. */
export const RUN_TIMEOUT_MS_DEFAULT = 600_000

/** Parts of the language that other versions may have. They are refused by name, so that nobody takes silence for consent. */
const LATER: Readonly<Record<string, string>> = {
  goal: 'Write the steps; a goal in words',
  pipeline: 'Write the steps; a pipeline by name',
  webhook: 'Follow events_url; a webhook',
  budget: 'The whole run is held at once; budget',
  each: 'Write one step for each item; each',
  when: 'Every step runs; when',
}

/**
 * Refuses by name what this version does not do, before the schema refuses it as merely unknown.
 *
 * @throws GatewayError `invalid_request`
 */
export function refuseLater(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  refuseMembers(value, '')
  const steps: unknown = 'steps' in value ? value.steps : null
  if (!Array.isArray(steps)) return
  steps.forEach((step: unknown, index) => {
    if (typeof step === 'object' && step !== null) refuseMembers(step, `steps.${index}.`)
  })
}

function refuseMembers(object: object, path: string): void {
  for (const [name, what] of Object.entries(LATER)) {
    if (Object.hasOwn(object, name)) {
      throw invalid(`${path}${name}`, `${what} is not in this version of the pipeline language`)
    }
  }
  if ('on_error' in object && object.on_error !== 'fail') {
    throw invalid(
      `${path}on_error`,
      'a failed step ends the run ("fail"); anything else is not in this version of the pipeline language',
    )
  }
}

/** Fills in defaults. @throws GatewayError `invalid_request` a step id that is used twice, or an amount beyond what there is */
export function readSteps(definition: RunDefinition): readonly Step[] {
  const ids = new Set<string>()
  return definition.steps.map((step, index) => {
    if (ids.has(step.id)) throw invalid(`steps.${index}.id`, `the id ${step.id} is used twice`)
    ids.add(step.id)
    return {
      id: step.id,
      index,
      use: step.use,
      model: step.model === undefined || step.model === 'auto' ? null : step.model,
      with: step.with,
      needs: step.needs ?? [],
      attempts: step.retry?.attempts ?? ATTEMPTS_DEFAULT,
      backoffMs: (step.retry?.backoff_s ?? BACKOFF_MS_DEFAULT / 1000) * 1000,
      timeoutMs: step.timeout_s === undefined ? null : step.timeout_s * 1000,
      costMaxRao: readCap(step.max_cost_rao, `steps.${index}.max_cost_rao`),
    }
  })
}

/** @param param - path of the field, for the error @throws GatewayError `invalid_request` more than 2^63-1 */
export function readCap(text: string | undefined, param: string): bigint | null {
  if (text === undefined) return null
  const amountRao = parseRao(text)
  if (amountRao === null) throw invalid(param, 'must be a whole amount in rao as text, such as "1000000"')
  return amountRao
}

/** Puts the path of a step in front of what a check of its body says. */
export function atStep(step: Pick<Step, 'index'>, thrown: unknown): GatewayError {
  const error = GatewayError.from(thrown)
  if (error.spec.status >= 500 || error.code === 'insufficient_quota') return error
  // Said of the step itself, such as its model.
  if (error.param?.startsWith(`steps.${step.index}.`)) return error
  const path = `steps.${step.index}.with`
  const param = error.param === null ? path : `${path}.${error.param}`
  return new GatewayError(error.code, nameIn(error, path), { param, cause: error })
}

/** `messages.0.content: is wrong.` becomes `steps.2.with.messages.0.content: is wrong.` */
function nameIn(error: GatewayError, path: string): string {
  const { param, message } = error
  if (param !== null && message.startsWith(`${param}:`)) return `${path}.${message}`
  return `${param === null ? path : `${path}.${param}`}: ${message}`
}
