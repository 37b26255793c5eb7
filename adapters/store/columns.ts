/** Strict reading of what the database answers: a column that is not what the statement says is a defect, never a default. */
import pg from 'pg'

export type Row = Readonly<Record<string, unknown>>

const INT8 = 20
const INT8_ARRAY = 1016

/** Parsers for our own statements: `int8` is a `bigint`, exact over all of its range. Others who share the pool keep theirs. */
export const EXACT_TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format) => {
    if (oid === INT8) return (text: string) => BigInt(text)
    if (oid === INT8_ARRAY) return parseBigintArray
    return pg.types.getTypeParser(oid, format)
  },
}

function parseBigintArray(text: string): bigint[] {
  const inner = text.slice(1, -1)
  return inner === '' ? [] : inner.split(',').map((element) => BigInt(element))
}

export function bigintOf(row: Row, column: string): bigint {
  const value = row[column]
  if (typeof value === 'bigint') return value
  throw wrong(column, 'int8')
}

/** For counts and numbers of blocks: an `int8` or `int4` that a `number` holds exactly. */
export function integerOf(row: Row, column: string): number {
  const value = Number(row[column])
  if (row[column] !== null && Number.isSafeInteger(value)) return value
  throw wrong(column, 'safe integer')
}

/** For measures: a `float8`. */
export function numberOf(row: Row, column: string): number {
  const value = row[column]
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw wrong(column, 'float8')
}

export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw wrong(column, 'text')
}

export const nullableTextOf = (row: Row, column: string): string | null =>
  row[column] === null ? null : textOf(row, column)

export function booleanOf(row: Row, column: string): boolean {
  const value = row[column]
  if (typeof value === 'boolean') return value
  throw wrong(column, 'boolean')
}

/** A timestamp as ISO 8601 with milliseconds, UTC. */
export function timeOf(row: Row, column: string): string {
  const value = row[column]
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  throw wrong(column, 'timestamp')
}

export const nullableTimeOf = (row: Row, column: string): string | null =>
  row[column] === null ? null : timeOf(row, column)

export function arrayOf(row: Row, column: string): readonly unknown[] {
  const value = row[column]
  if (Array.isArray(value)) return value
  throw wrong(column, 'array')
}

const wrong = (column: string, kind: string): Error =>
  new Error(`the database answered no ${kind} in ${column}`)
