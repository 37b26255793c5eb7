/** The filled body of a step, checked as the single endpoint checks it, and what it means. */
import type { ChatBody } from '../../inference/chat-request.ts'
import type { PaintRequest } from '../../inference/paint-order.ts'
import type { RunDefinition, Step, StepUse } from './definition.ts'
import { invalid } from './invalid.ts'

export type TranscriptionBody = {
  readonly language?: string
  readonly prompt?: string
  readonly temperature?: number
  readonly response_format?: string
}

export type RecognitionBody = { readonly image: string; readonly detail?: 'auto' | 'low' | 'high' }

export type ConcatBody = { readonly parts: readonly string[]; readonly separator?: string }

/** Checks values against named schemas of the API document. */
export interface BodyCheck {
  check(name: 'CreateRunRequest', value: unknown): RunDefinition
  check(name: 'CreateChatCompletionRequest', value: unknown): ChatBody
  check(name: 'CreateTranscriptionRequest', value: unknown): TranscriptionBody
  check(name: 'CreateImageRequest', value: unknown): PaintRequest
  check(name: 'RecognizeImageStep', value: unknown): RecognitionBody
  check(name: 'ConcatTextStep', value: unknown): ConcatBody
}

export type StepBody =
  | { readonly use: 'chat'; readonly body: ChatBody }
  | { readonly use: 'audio.transcribe'; readonly body: TranscriptionBody }
  | { readonly use: 'image.generate'; readonly body: PaintRequest }
  | { readonly use: 'image.recognize'; readonly body: RecognitionBody }
  | { readonly use: 'text.concat'; readonly body: ConcatBody }

/** What `with` may have. A chat passes on what it does not know, as its endpoint does. */
const FIELDS: Readonly<Record<Exclude<StepUse, 'chat'>, readonly string[]>> = {
  'audio.transcribe': [
    'file',
    'language',
    'prompt',
    'temperature',
    'response_format',
    'timestamp_granularities',
  ],
  'image.generate': [
    'prompt',
    'n',
    'size',
    'output_format',
    'background',
    'quality',
    'style',
    'seed',
    'user',
  ],
  'image.recognize': ['image', 'detail'],
  'text.concat': ['parts', 'separator'],
}

/** The schema wants a model; which one it is stands beside `with`. */
const MODEL = { model: 'auto' }

/** @throws GatewayError `invalid_request` with a path relative to `with` */
export function readStepBody(
  step: Pick<Step, 'use'>,
  filled: Readonly<Record<string, unknown>>,
  contract: BodyCheck,
): StepBody {
  const { use } = step
  refuseFields(use, filled)
  switch (use) {
    case 'chat': {
      const body = contract.check('CreateChatCompletionRequest', { ...filled, ...MODEL })
      if ((body.n ?? 1) > 1) throw invalid('n', 'a step has one answer; leave it out')
      return { use, body }
    }
    case 'audio.transcribe':
      return { use, body: readTranscription(filled, contract) }
    case 'image.generate':
      return { use, body: contract.check('CreateImageRequest', filled) }
    case 'image.recognize':
      return { use, body: contract.check('RecognizeImageStep', filled) }
    case 'text.concat':
      return { use, body: contract.check('ConcatTextStep', filled) }
  }
}

/** Whether a chat asks for JSON, so that its output has a `json`. */
export function asksForJson(responseFormat: unknown): boolean {
  if (typeof responseFormat !== 'object' || responseFormat === null || !('type' in responseFormat))
    return false
  return responseFormat.type === 'json_object' || responseFormat.type === 'json_schema'
}

function refuseFields(use: StepUse, filled: Readonly<Record<string, unknown>>): void {
  if (Object.hasOwn(filled, 'model')) throw invalid('model', 'stands beside `with`, not in it')
  if (Object.hasOwn(filled, 'stream') || Object.hasOwn(filled, 'stream_options')) {
    throw invalid('stream', 'a step answers as a whole; follow the events of the run instead')
  }
  if (use === 'chat') return
  const unknown = Object.keys(filled).find((name) => !FIELDS[use].includes(name))
  if (unknown === undefined) return
  const extra = unknown === 'response_format' ? ', since the output of the step has one shape' : ''
  throw invalid(unknown, `is not a field of ${use}${extra}; it has ${FIELDS[use].join(', ')}`)
}

/** The step's output has words and segments always, so the forms of the endpoint that are text have no place here. */
function readTranscription(
  filled: Readonly<Record<string, unknown>>,
  contract: BodyCheck,
): TranscriptionBody {
  const { timestamp_granularities: granularities, ...rest } = filled
  const body = contract.check('CreateTranscriptionRequest', {
    ...rest,
    ...MODEL,
    ...(granularities !== undefined && { 'timestamp_granularities[]': granularities }),
  })
  if (body.response_format !== undefined && !/json/.test(body.response_format)) {
    throw invalid('response_format', 'the output of the step is JSON with text, words and segments')
  }
  return body
}
