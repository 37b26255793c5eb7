/** What a chunk of a streamed chat says about the stream. Chunks are a stranger's JSON: every member may be anything. */
import type { GatewayError } from '../../../src/errors.ts'
import { minerError } from './failure.ts'

/** Finds a failure that the miner reports inside its stream. @returns the error, or null when the chunk reports none */
export function inBandError(chunk: unknown): GatewayError | null {
  const error = isObject(chunk) ? chunk.error : undefined
  if (error === undefined || error === null) return null
  const code = isObject(error) ? Number(error.code) : Number.NaN
  return minerError(code === 429 || code === 503 ? 'busy' : 'server-error', 'an error inside the stream')
}

/** Whether a chunk carries anything to deliver: text, tool calls, a finish reason … but not a role or an empty text alone. */
export function hasContent(chunk: unknown): boolean {
  const choices = isObject(chunk) ? chunk.choices : undefined
  return Array.isArray(choices) && choices.some(isMoreThanPreamble)
}

/** Whether the payload ends a choice. */
export function hasFinish(payload: string): boolean {
  return /"finish_reason"\s*:\s*"/.test(payload)
}

function isMoreThanPreamble(choice: unknown): boolean {
  if (!isObject(choice)) return false
  if (typeof choice.finish_reason === 'string') return true
  const delta = choice.delta
  return isObject(delta) && Object.entries(delta).some(([name, value]) => name !== 'role' && !isEmpty(value))
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
