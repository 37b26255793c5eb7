// Strings and numbers that keep within their schema, found in the text or standing in.
import { matchesOf } from '../skills/find-patterns.ts'
import { findNumber } from './find-number.ts'
import { findText, type Property } from './find-text.ts'
import { hasFormat, placeholderOf, toIsoDate, toIsoTime } from './formats.ts'
import { readPattern } from './pattern.ts'
import { sampleNumber, sampleText } from './samples.ts'
import { numberOf, type Schema } from './shape.ts'
import { type Source, take } from './source.ts'

/** A value, and whether the text said it. */
export interface Filled {
  readonly value: unknown
  readonly isFound: boolean
}

const LENGTH_MAX = 20_000

/** @param candidate - what an outer list found for it */
export async function fillString(
  schema: Schema,
  about: { readonly property: Property; readonly source: Source; readonly candidate?: string },
): Promise<Filled> {
  const { property, source } = about
  const found = about.candidate ?? findFormatted(schema, source) ?? (await findText(property, source))
  const fitted = found === null ? null : fitString(found.trim(), schema)
  if (fitted !== null && fitted !== '') return { value: fitted, isFound: true }
  if (typeof schema.default === 'string') return { value: schema.default, isFound: false }
  return { value: standIn(schema, source.mayInvent ? sampleText(property.key) : ''), isFound: false }
}

/** What has a form of its own is found by it, whatever the property is called. */
function findFormatted(schema: Schema, source: Source): string | null {
  const pattern = schema.format === 'email' ? 'email' : schema.format === 'uri' ? 'url' : null
  if (pattern === null) return null
  return matchesOf(source.text, pattern).find((match) => take(source, `${pattern} ${match}`)) ?? null
}

/** Brings a found text to the schema. @returns null when it cannot be */
function fitString(text: string, schema: Schema): string | null {
  const lengthMax = Math.min(numberOf(schema.maxLength) ?? LENGTH_MAX, LENGTH_MAX)
  const formatted = typeof schema.format === 'string' ? toFormat(text, schema.format) : text
  if (formatted === null) return null
  const points = [...formatted]
  const cut = points.length > lengthMax ? points.slice(0, lengthMax).join('').trimEnd() : formatted
  if ([...cut].length < (numberOf(schema.minLength) ?? 0)) return null
  if (typeof schema.format === 'string' && !hasFormat(cut, schema.format)) return null
  if (typeof schema.pattern === 'string' && !(readPattern(schema.pattern)?.matches(cut) ?? false)) return null
  return cut
}

function toFormat(text: string, format: string): string | null {
  if (format === 'date') return toIsoDate(text)
  if (format === 'time') return hasFormat(text, 'time') ? text : toIsoTime(text)
  if (format === 'date-time') {
    const date = toIsoDate(text)
    return hasFormat(text, 'date-time') ? text : date && `${date}T00:00:00Z`
  }
  return text
}

/** A text that keeps to the schema and says nothing. */
function standIn(schema: Schema, wish: string): string {
  const lengthMin = numberOf(schema.minLength) ?? 0
  const lengthMax = numberOf(schema.maxLength) ?? LENGTH_MAX
  if (typeof schema.pattern === 'string')
    return readPattern(schema.pattern)?.write(lengthMin, lengthMax) ?? wish
  const placeholder = typeof schema.format === 'string' ? placeholderOf(schema.format) : null
  if (placeholder !== null) return placeholder
  const text =
    wish.length >= lengthMin ? wish : (wish || 'unknown').padEnd(Math.min(lengthMin, LENGTH_MAX), '.')
  return text.slice(0, Math.max(0, lengthMax))
}

/** @param about.isOnly - whether the object has no other number: then any number of the text is meant */
export function fillNumber(
  schema: Schema,
  about: {
    readonly property: Property
    readonly source: Source
    readonly isInteger: boolean
    readonly isOnly: boolean
    readonly candidate?: number
  },
): Filled {
  const { property, source, isInteger } = about
  const found = about.candidate ?? findNumber(property, source, about.isOnly)
  if (found !== null) return { value: fitNumber(found, schema, isInteger), isFound: true }
  if (typeof schema.default === 'number') return { value: schema.default, isFound: false }
  return {
    value: fitNumber(source.mayInvent ? sampleNumber(property.key) : 0, schema, isInteger),
    isFound: false,
  }
}

/** The number of the schema that is nearest to the wish. */
export function fitNumber(wish: number, schema: Schema, isInteger: boolean): number {
  const multiple = numberOf(schema.multipleOf) ?? 0
  const step =
    multiple > 0
      ? isInteger && !Number.isInteger(multiple)
        ? integerStep(multiple)
        : multiple
      : isInteger
        ? 1
        : 0
  const { low, high } = boundsOf(schema, step || 1)
  if (step === 0) return Math.min(Math.max(wish, low), Math.max(low, high))
  const nearest = Math.round(Math.min(Math.max(wish, low), high) / step)
  const lowest = Math.ceil(low / step)
  const highest = Math.floor(high / step)
  let times = Math.min(Math.max(nearest, lowest), highest)
  // Floats: a product that does not divide evenly again is passed over.
  for (let tries = 0; tries < 200 && !Number.isInteger((times * step) / (multiple || 1)); tries += 1)
    times += times < highest ? 1 : -1
  return times * step
}

/** The smallest whole number that is a multiple: of 0.5 it is 1, of 1.5 it is 3. */
function integerStep(multiple: number): number {
  for (let times = 1; times <= 1000; times += 1)
    if (Number.isInteger(times * multiple)) return times * multiple
  return multiple
}

/** Exclusive bounds are drawn in by a step, or by half of a narrow range. */
function boundsOf(schema: Schema, step: number): { low: number; high: number } {
  const open = { low: numberOf(schema.exclusiveMinimum), high: numberOf(schema.exclusiveMaximum) }
  const shut = { low: numberOf(schema.minimum), high: numberOf(schema.maximum) }
  const range =
    (open.high ?? shut.high ?? Number.MAX_SAFE_INTEGER) - (open.low ?? shut.low ?? -Number.MAX_SAFE_INTEGER)
  const inset = Number.isInteger(step) && range > 2 ? Math.min(step, 1) : Math.min(step, range / 4)
  const low = Math.max(
    shut.low ?? -Number.MAX_SAFE_INTEGER,
    open.low === null ? -Number.MAX_SAFE_INTEGER : open.low + inset,
  )
  const high = Math.min(
    shut.high ?? Number.MAX_SAFE_INTEGER,
    open.high === null ? Number.MAX_SAFE_INTEGER : open.high - inset,
  )
  return { low, high }
}
