/** Image recognition as a chat: what a vision model is asked, and its answer in the one shape that a step promises. Pure. */

import { parseObject } from '../../inference/chat-answer.ts'
import type { ChatBody } from '../../inference/chat-request.ts'

export type RecognizedLabel = {
  readonly name: string
  /** 0 to 1; null when the model gives none. */
  readonly score: number | null
  readonly count?: number
  /** x, y, width and height as shares (0 to 1) of the picture's sides, as the model gives them. */
  readonly box?: readonly number[]
}

export type Recognition = {
  /** Text on the picture; empty when there is none. */
  readonly text: string
  /** What is on it, in words. */
  readonly description: string
  /** The most certain first. */
  readonly labels: readonly RecognizedLabel[]
  /** Where it is, and which colours it has, as the model says; absent when it does not. */
  readonly place?: unknown
  readonly colours?: unknown
}

const QUESTION =
  'Recognise what is on this picture. Answer with JSON: "text" is all text on the picture, read out line by line, or empty; ' +
  '"description" is one or two sentences; "labels" are the things you see, the most certain first, each with "name", "score" from 0 to 1, ' +
  '"count" and "box" as [x, y, width, height] in shares of the picture from 0 to 1; "place" and "colours" name where it is and its main colours.'

const SCHEMA = {
  type: 'object',
  required: ['text', 'description', 'labels'],
  properties: {
    text: { type: 'string' },
    description: { type: 'string' },
    labels: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'score'],
        properties: {
          name: { type: 'string' },
          score: { type: 'number' },
          count: { type: 'integer' },
          box: { type: 'array', items: { type: 'number' } },
        },
      },
    },
    place: { type: ['string', 'null'] },
    colours: { type: 'array', items: { type: 'string' } },
  },
}

/** More things than any picture is worth telling of. */
const LABELS_MAX = 100
const NAME_CHARACTERS_MAX = 200
/** Room for the four numbers of a box, or a count, written out in full. */
const ROUNDING = 10_000

/** @param url - the picture as a data URL */
export function writeRecognitionChat(url: string, detail: 'auto' | 'low' | 'high'): ChatBody {
  return {
    model: 'auto',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: QUESTION },
          { type: 'image_url', image_url: { url, detail } },
        ],
      },
    ],
    response_format: { type: 'json_schema', json_schema: { name: 'recognition', schema: SCHEMA } },
  }
}

/**
 * Reads a vision model's answer leniently: a model that gives no JSON has given a description.
 *
 * @param bytesMax - what each text may be, and all together as JSON, UTF-8; of more than that the texts are kept alone
 */
export function readRecognition(answer: string, bytesMax: number): Recognition {
  const value = parseLeniently(answer)
  if (value === null) return { text: '', description: cutBytes(answer, bytesMax), labels: [] }
  const labels = readLabels(value.labels)
  const recognition = {
    text: cutBytes(stringOf(value.text), bytesMax),
    description: cutBytes(stringOf(value.description), bytesMax),
    labels,
    ...(isTold(value.place) && { place: value.place }),
    ...(isTold(value.colours) && { colours: value.colours }),
  }
  if (byteLengthOf(recognition) <= bytesMax) return recognition
  return { text: recognition.text, description: recognition.description, labels: [] }
}

/** Cuts a text to that many bytes of UTF-8 at most, never inside a character. */
export function cutBytes(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return text
  const bytes = Buffer.from(text)
  let end = bytesMax
  // 0b10xxxxxx continues a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}

function parseLeniently(answer: string): Record<string, unknown> | null {
  // Some models wrap JSON in a code fence.
  const text = /^\s*```(?:json)?\s*([\s\S]*?)\s*```\s*$/.exec(answer)?.[1] ?? answer
  try {
    return parseObject(text)
  } catch {
    // Not JSON: then it is a description.
    return null
  }
}

function readLabels(value: unknown): readonly RecognizedLabel[] {
  if (!Array.isArray(value)) return []
  return value
    .flatMap((item: unknown) => readLabel(item) ?? [])
    .sort((first, second) => (second.score ?? 0) - (first.score ?? 0))
    .slice(0, LABELS_MAX)
}

/** Takes the words that models use for the same things: `label` for `name`, `confidence` for `score`, the first of `boxes` for `box`. */
function readLabel(item: unknown): RecognizedLabel | null {
  if (typeof item === 'string') return item === '' ? null : { name: cutName(item), score: null }
  if (typeof item !== 'object' || item === null) return null
  const fields: Readonly<Record<string, unknown>> = { ...item }
  const name = stringOf(fields.name) || stringOf(fields.label)
  if (name === '') return null
  const score = numberOf(fields.score) ?? numberOf(fields.confidence)
  const count = numberOf(fields.count)
  const boxes: unknown = Array.isArray(fields.boxes) ? fields.boxes[0] : null
  const box = readBox(fields.box) ?? readBox(boxes)
  return {
    name: cutName(name),
    score: score === null ? null : round(Math.min(1, Math.max(0, score))),
    ...(count !== null && { count: Math.max(0, Math.round(count)) }),
    ...(box && { box }),
  }
}

function readBox(value: unknown): readonly number[] | null {
  const numbers = Array.isArray(value)
    ? value
    : typeof value === 'object' && value !== null
      ? Object.values({ x: null, y: null, width: null, height: null, ...value }).slice(0, 4)
      : []
  const box = numbers.flatMap((number: unknown) => numberOf(number) ?? [])
  return box.length === 4 ? box.map(round) : null
}

const isTold = (value: unknown) => value !== undefined && value !== null && value !== ''
const round = (value: number) => Math.round(value * ROUNDING) / ROUNDING
const cutName = (name: string) => name.slice(0, NAME_CHARACTERS_MAX)
const stringOf = (value: unknown) => (typeof value === 'string' ? value : '')
const numberOf = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null)
const byteLengthOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))
