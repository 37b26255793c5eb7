/** Fills a step's `with`: every reference is replaced by a value that fits the field it stands in. Pure. */
import { GatewayError } from '../../errors.ts'
import type { Step, StepUse } from './definition.ts'
import { invalid } from './invalid.ts'
import { fitsJoinedText, fitsText, type Slot } from './output-shapes.ts'
import { type From, mapReferences, type Path, type Reference, type TextReference } from './references.ts'

/** A field that takes what is known only when it is reached; `fixed` takes nothing but what the definition itself says. */
export type FieldKind = 'text' | 'picture' | 'recording' | 'fixed'

export type FillOptions = {
  /** What a reference to a step leads to; null when it can lead nowhere. Not asked for the input. */
  readonly slotOf: (from: From) => Slot | null
  /** The value there; undefined when there is none. */
  readonly resolve: (from: From) => unknown
  /** What stands in the body for a stored file. */
  readonly writeFile: (use: FileUse) => string
}

export type FileUse = {
  readonly fileId: string
  /** Dotted path of the field. */
  readonly param: string
  readonly kind: 'picture' | 'recording'
  /** Whether a step made it; else the caller named it. */
  readonly isMade: boolean
}

/** What each kind of step takes from other steps, as patterns of paths. Models, sizes, limits and addresses are not among them. */
const OPEN_FIELDS: Readonly<Record<StepUse, readonly (readonly [pattern: RegExp, kind: FieldKind])[]>> = {
  chat: [
    [/^messages\.\d+\.content(\.\d+\.text)?$/, 'text'],
    [/^messages\.\d+\.content\.\d+\.image_url\.url$/, 'picture'],
  ],
  'audio.transcribe': [
    [/^file$/, 'recording'],
    [/^prompt$/, 'text'],
  ],
  'image.generate': [[/^prompt$/, 'text']],
  'image.recognize': [[/^image$/, 'picture']],
  'text.concat': [[/^parts\.\d+$/, 'text']],
}

export function fieldKindAt(use: StepUse, path: Path): FieldKind {
  const param = path.join('.')
  return OPEN_FIELDS[use].find(([pattern]) => pattern.test(param))?.[1] ?? 'fixed'
}

/**
 * The body of a step.
 *
 * @throws GatewayError `invalid_request` naming the field, relative to `with`: the reference leads nowhere, or to what the field does not take
 */
export function fillStep(step: Pick<Step, 'use' | 'with'>, options: FillOptions): Record<string, unknown> {
  if ('$from' in step.with || '$text' in step.with || '$file' in step.with) {
    throw new GatewayError('invalid_request', 'It must be written out; it cannot be a reference as a whole.')
  }
  const members = Object.entries(step.with).map(([name, member]) => [
    name,
    mapReferences(
      member,
      (reference, path) =>
        replace(reference, { param: path.join('.'), kind: fieldKindAt(step.use, path), options }),
      [name],
    ),
  ])
  return Object.fromEntries(members)
}

/** The text of one part of a joined text; null when the value has none. */
export function writeText(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return null
  return JSON.stringify(value)
}

type Place = {
  readonly param: string
  readonly kind: FieldKind
  readonly options: FillOptions
}

function replace(reference: Reference, place: Place): unknown {
  switch (reference.kind) {
    case 'file':
      return writeFile(reference.fileId, { place, isMade: false })
    case 'text':
      return joinText(reference, place)
    case 'from':
      return reference.stepId === null ? fromInput(reference, place) : fromStep(reference, place)
  }
}

function joinText(reference: TextReference, place: Place): string {
  if (place.kind === 'picture' || place.kind === 'recording') {
    throw invalid(place.param, `takes a ${place.kind}, not a text`)
  }
  const texts = reference.parts.map((part) => {
    if (typeof part === 'string') return part
    if (part.stepId !== null) checkSlot(part, place, 'joined')
    const value = orFallback(place.options.resolve(part), part, place.param)
    if (isFile(value)) throw invalid(place.param, `${quote(part)} is a file, not a text`)
    const text = writeText(value)
    if (text === null) throw nothingAt(part, place.param)
    return boundText(text, part, place)
  })
  return texts.join('')
}

function fromInput(from: From, place: Place): unknown {
  const value = orFallback(place.options.resolve(from), from, place.param)
  if (isFile(value)) return writeFile(value.$file, { place, isMade: false })
  if (place.kind === 'recording') throw invalid(place.param, `${quote(from)} is not a file of the input`)
  if (place.kind === 'text' && typeof value !== 'string' && !Array.isArray(value)) {
    throw invalid(place.param, `${quote(from)} is not a text`)
  }
  return value
}

function fromStep(from: From, place: Place): unknown {
  checkSlot(from, place, 'whole')
  const value = place.options.resolve(from)
  if (place.kind === 'picture') {
    const fileId = typeof value === 'object' && value !== null && 'file' in value ? value.file : value
    if (typeof fileId !== 'string') throw nothingAt(from, place.param)
    return writeFile(fileId, { place, isMade: true })
  }
  const text = orFallback(value, from, place.param)
  if (typeof text !== 'string') throw invalid(place.param, `${quote(from)} is not a text`)
  return boundText(text, from, place)
}

/** Whether what the reference leads to may go there at all, whatever it will be. */
function checkSlot(from: From, place: Place, as: 'whole' | 'joined'): void {
  const { kind, param, options } = place
  const slot = options.slotOf(from)
  if (slot === null) throw invalid(param, `${quote(from)} leads nowhere: the step has no such output`)
  if (kind === 'fixed') {
    throw invalid(param, "takes no step's output; only texts, pictures and recordings do")
  }
  const fits = kind === 'text' && (as === 'joined' ? fitsJoinedText(slot) : fitsText(slot))
  if (!fits && !(kind === 'picture' && slot.kind === 'picture')) {
    throw invalid(param, `takes a ${kind}, and ${quote(from)} is a ${slot.kind}`)
  }
  if (from.fallback === null) return
  if (kind === 'picture') throw invalid(param, 'a picture can have no default')
  const { value } = from.fallback
  if (as === 'joined' ? writeText(value) === null : typeof value !== 'string') {
    throw invalid(param, `the default of ${quote(from)} is not a text`)
  }
}

/** A step's output was bounded when it was made; a text beyond what was priced goes no further, whatever the reason. */
function boundText(text: string, from: From, { options, param }: Place): string {
  if (from.stepId === null || text === from.fallback?.value) return text
  const bytesMax = options.slotOf(from)?.bytesMax ?? 0
  if (Buffer.byteLength(text) <= bytesMax) return text
  throw invalid(param, `${quote(from)} is longer than the ${bytesMax} bytes that were priced`)
}

function writeFile(
  fileId: string,
  { place, isMade }: { readonly place: Place; readonly isMade: boolean },
): string {
  const { kind, param, options } = place
  if (kind === 'text' || kind === 'fixed') throw invalid(param, 'takes no file')
  return options.writeFile({ fileId, param, kind, isMade })
}

function orFallback(value: unknown, from: From, param: string): unknown {
  if (value !== undefined && value !== null) return value
  if (from.fallback) return from.fallback.value
  throw nothingAt(from, param)
}

const isFile = (value: unknown): value is { readonly $file: string } =>
  typeof value === 'object' && value !== null && '$file' in value && typeof value.$file === 'string'

const nothingAt = (from: From, param: string) =>
  invalid(param, `there is nothing at ${quote(from)}, and no default`)

const quote = ({ pointer }: From) => JSON.stringify(pointer.slice(0, 100))
