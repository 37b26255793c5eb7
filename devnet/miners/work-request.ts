/** Reads the requests that miners take: only what every service needs is checked here. */
import type { ChatRequest } from './experts.ts'
import { readForm } from './form.ts'
import { type ImagesRequest, ServiceFailure, type SpeechRequest } from './service.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** @throws ServiceFailure 400 */
export function readJsonObject(body: Buffer): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (cause) {
    throw new ServiceFailure(400, 'The body is not JSON.', { cause })
  }
  if (!isJsonObject(value)) throw new ServiceFailure(400, 'The body is no JSON object.')
  return value
}

/** @throws ServiceFailure 400 */
export function readChatRequest(value: JsonObject): {
  readonly request: ChatRequest
  readonly isStream: boolean
} {
  const { messages, stream } = value
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new ServiceFailure(400, 'messages: must be a list that is not empty.')
  }
  return { request: { ...value, model: modelOf(value), messages }, isStream: stream === true }
}

/** @throws ServiceFailure 400 */
export function readImagesRequest(value: JsonObject): ImagesRequest {
  const { prompt } = value
  if (typeof prompt !== 'string') throw new ServiceFailure(400, 'prompt: must be a text.')
  return { ...value, model: modelOf(value), prompt }
}

/** @throws ServiceFailure 400 */
export function readSpeechRequest(contentType: string, body: Buffer): SpeechRequest {
  const { fields, files } = readForm(contentType, body)
  const file = files.get('file')
  if (!file) throw new ServiceFailure(400, 'file: is missing.')
  return {
    model: fields.get('model') ?? '',
    file,
    language: fields.get('language') ?? null,
    prompt: fields.get('prompt') ?? null,
    temperature: fields.get('temperature') ?? null,
  }
}

function modelOf({ model }: JsonObject): string {
  if (typeof model !== 'string') throw new ServiceFailure(400, 'model: must be a text.')
  return model
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
