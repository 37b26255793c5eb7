/** What the output of a step can hold, known before it runs: which pointers lead somewhere, to what, and how large it can be. Pure. */
import type { StepUse } from './definition.ts'
import type { Path } from './references.ts'

/**
 * `text` a string · `number` · `json` whatever a model wrote, known only when it is there · `structure` an object or a list of ours ·
 * `picture` a stored picture. A text field takes `text` and `json`; a picture field takes `picture` alone.
 */
export type SlotKind = 'text' | 'number' | 'json' | 'structure' | 'picture'

export type Slot = {
  readonly kind: SlotKind
  /** UTF-8 bytes of its text at most. */
  readonly bytesMax: number
}

/** What the shape depends on. */
export type OutputFacts = {
  readonly use: StepUse
  /** Whether a chat was asked for JSON. */
  readonly asksJson: boolean
  /** Pictures, of a step that paints. */
  readonly count: number
  /** Bound of the texts in it, UTF-8 bytes. */
  readonly textBytesMax: number
}

/**
 * Bytes of text that one output token may stand for: twice what English takes in today's encodings. A longer answer is cut there, so that
 * the price of the steps that read it is bounded before it exists.
 */
export const BYTES_PER_TOKEN = 8

/** Bytes of transcript per second of sound, several times the fastest speech in any script; more is not taken for a transcript. */
const TRANSCRIPT_BYTES_PER_SECOND = 64
const TRANSCRIPT_BYTES_LEAST = 1_024

/** What a painter says it painted. */
export const REVISED_PROMPT_BYTES_MAX = 32_000
/** Names, types, links and numbers of ours. */
const SHORT_BYTES_MAX = 512
const NUMBER_BYTES_MAX = 32

/** @param tokensMax - the limit that the miner is asked to keep */
export const chatTextBytesMax = (tokensMax: number): number => tokensMax * BYTES_PER_TOKEN

export const transcriptBytesMax = (durationSeconds: number): number =>
  TRANSCRIPT_BYTES_LEAST + Math.ceil(durationSeconds) * TRANSCRIPT_BYTES_PER_SECOND

/** What a pointer into the output leads to; null when it can lead nowhere. */
export function describeSlot(facts: OutputFacts, path: Path): Slot | null {
  if (path.length === 0) return { kind: 'structure', bytesMax: facts.textBytesMax }
  const [name = '', ...rest] = path
  switch (facts.use) {
    case 'chat':
      return describeChat(facts, name, rest)
    case 'audio.transcribe':
      return describeTranscript(facts, name, rest)
    case 'image.generate':
      return describePictures(facts, name, rest)
    case 'image.recognize':
      if (name === 'text' || name === 'description') return leaf('text', facts.textBytesMax, rest)
      if (name === 'labels' || name === 'place' || name === 'colours') return json(facts.textBytesMax)
      return null
    case 'text.concat':
      return name === 'text' ? leaf('text', facts.textBytesMax, rest) : null
  }
}

/** Whether a slot may go into a field that takes text alone. */
export const fitsText = ({ kind }: Slot): boolean => kind === 'text' || kind === 'json'

/** Whether a slot may be a part of a joined text: numbers and JSON are written out. */
export const fitsJoinedText = ({ kind }: Slot): boolean =>
  fitsText({ kind, bytesMax: 0 }) || kind === 'number'

function describeChat(facts: OutputFacts, name: string, rest: Path): Slot | null {
  if (name === 'text') return leaf('text', facts.textBytesMax, rest)
  if (name === 'json') return facts.asksJson ? json(facts.textBytesMax) : null
  if (name === 'usage') {
    if (rest.length === 0) return { kind: 'structure', bytesMax: SHORT_BYTES_MAX }
    const isText = rest[0] === 'cost_rao' || rest[0] === 'receipt_id'
    const isCount = ['prompt_tokens', 'completion_tokens', 'total_tokens'].includes(rest[0] ?? '')
    if (!isText && !isCount) return null
    return leaf(isText ? 'text' : 'number', SHORT_BYTES_MAX, rest.slice(1))
  }
  return name === 'tool_calls' ? { kind: 'structure', bytesMax: facts.textBytesMax } : null
}

function describeTranscript(facts: OutputFacts, name: string, rest: Path): Slot | null {
  switch (name) {
    case 'text':
      return leaf('text', facts.textBytesMax, rest)
    case 'language':
      return rest.length === 0 ? json(SHORT_BYTES_MAX) : null
    case 'duration':
      return leaf('number', NUMBER_BYTES_MAX, rest)
    case 'words':
    case 'segments':
      return rest.length < 2 ? { kind: 'structure', bytesMax: facts.textBytesMax } : json(facts.textBytesMax)
    default:
      return null
  }
}

function describePictures(facts: OutputFacts, name: string, rest: Path): Slot | null {
  if (name === 'count') return leaf('number', NUMBER_BYTES_MAX, rest)
  if (name === 'revised_prompt') return rest.length === 0 ? json(REVISED_PROMPT_BYTES_MAX) : null
  if (name !== 'items') return null
  const [index, member, ...more] = rest
  if (index === undefined) return { kind: 'structure', bytesMax: SHORT_BYTES_MAX * facts.count }
  if (!/^(0|[1-9])$/.test(index) || Number(index) >= facts.count) return null
  if (member === undefined) return { kind: 'picture', bytesMax: SHORT_BYTES_MAX }
  if (member === 'file') return leaf('picture', SHORT_BYTES_MAX, more)
  if (member === 'mime' || member === 'url') return leaf('text', SHORT_BYTES_MAX, more)
  if (member === 'width' || member === 'height') return leaf('number', NUMBER_BYTES_MAX, more)
  return null
}

const json = (bytesMax: number): Slot => ({ kind: 'json', bytesMax })

/** A slot with nothing below it. */
function leaf(kind: SlotKind, bytesMax: number, rest: Path): Slot | null {
  return rest.length === 0 ? { kind, bytesMax } : null
}
