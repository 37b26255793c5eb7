/** A whole answer of OpenAI's HTTP API → the port's answer. Read leniently where nothing is lost, refused where something is missing. */
import { z } from 'zod'
import type {
  Answer,
  ChatAnswer,
  ImageAnswer,
  ImageWork,
  TranscriptionAnswer,
  Work,
} from '../../../src/ports/miner.ts'
import { inBandError, isObject } from './chunk.ts'
import { minerError } from './failure.ts'
import { mimeOf } from './picture.ts'

/** @throws GatewayError `expert_bad_response` */
export function readApiAnswer(work: Work, body: Buffer): Answer {
  const json = body.toString()
  const value = parseJson(json)
  switch (work.kind) {
    case 'chat':
      return readChat(value, json)
    case 'transcription':
      return readTranscription(value)
    case 'image':
      return readImages(work, value)
  }
}

/**
 * Checks a `chat.completion`: an object whose `choices` all have a message.
 *
 * @param json - the text it was parsed from
 * @throws GatewayError `expert_bad_response`
 */
export function readChat(value: unknown, json: string): ChatAnswer {
  const choices = isObject(value) ? value.choices : undefined
  const isValid =
    Array.isArray(choices) &&
    choices.length > 0 &&
    choices.every((choice) => isObject(choice) && isObject(choice.message))
  if (!isValid) throw minerError('garbage', 'not a chat completion with choices')
  return { kind: 'chat', json }
}

/** Parses JSON and refuses what reports a failure instead of an answer. @throws GatewayError `expert_bad_response` */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw minerError('garbage', 'not JSON', { cause })
  }
  const error = inBandError(value)
  if (error) throw error
  return value
}

const PARTS_MAX = 100_000 // Words of eleven hours of quick speech.

const Timed = z.object({
  start: z.number().nullish(),
  end: z.number().nullish(),
  confidence: z.number().nullish(),
  avg_logprob: z.number().nullish(),
})
const Transcription = z.object({
  text: z.string(),
  language: z.string().nullish(),
  words: z
    .array(Timed.extend({ word: z.string() }))
    .max(PARTS_MAX)
    .nullish(),
  segments: z
    .array(Timed.extend({ text: z.string() }))
    .max(PARTS_MAX)
    .nullish(),
})

function readTranscription(value: unknown): TranscriptionAnswer {
  const { success, data, error } = Transcription.safeParse(value)
  if (!success) throw minerError('garbage', 'not a transcription', { cause: error })
  return {
    kind: 'transcription',
    text: data.text,
    language: data.language ?? null,
    words: (data.words ?? []).map((part) => ({ word: part.word, ...readTimes(part) })),
    segments: (data.segments ?? []).map((part) => ({ text: part.text, ...readTimes(part) })),
  }
}

/** Some servers leave out the end, or give the start twice: an end before its start becomes the start. */
function readTimes(part: z.infer<typeof Timed>) {
  const startSeconds = Math.max(part.start ?? 0, 0)
  const confidence = part.confidence ?? (part.avg_logprob == null ? null : Math.exp(part.avg_logprob))
  return {
    startSeconds,
    endSeconds: Math.max(part.end ?? startSeconds, startSeconds),
    confidence: confidence === null ? null : Math.min(Math.max(confidence, 0), 1),
  }
}

const Images = z.object({
  data: z.array(z.object({ b64_json: z.string().nullish(), revised_prompt: z.string().nullish() })),
})

function readImages(work: ImageWork, value: unknown): ImageAnswer {
  const { success, data, error } = Images.safeParse(value)
  if (!success) throw minerError('garbage', 'not a list of pictures', { cause: error })
  if (data.data.length < work.count) {
    throw minerError('garbage', `${data.data.length} pictures instead of ${work.count}`)
  }
  return {
    kind: 'image',
    images: data.data.slice(0, work.count).map((item) => readPicture(item.b64_json ?? '')),
    revisedPrompt: data.data[0]?.revised_prompt ?? null,
  }
}

/** A URL instead of bytes is never followed: it would let a miner choose what this machine connects to. */
function readPicture(base64: string): { readonly bytes: Uint8Array; readonly mime: string } {
  const bytes = Buffer.from(base64.replace(/^data:image\/[a-z+.-]+;base64,/, ''), 'base64')
  const mime = mimeOf(bytes)
  if (mime === null) throw minerError('garbage', 'a picture is missing or is none')
  return { bytes, mime }
}
