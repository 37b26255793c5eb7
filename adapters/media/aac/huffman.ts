/** Reads the Huffman codes of AAC: a table for the first bits, a search for the few longer codes. */
import { type BitReader, EndOfBits } from '../bits.ts'
import { type CodebookTable, SCALE_FACTOR_TABLE, SPECTRAL_TABLES } from './codebooks.ts'

/** Thrown when the bits are no AAC. */
export class DamagedFrame extends Error {
  override readonly name = 'DamagedFrame'
}

const FAST_BITS = 9
/** Codebooks that leave the signs to bits of their own. */
const UNSIGNED_FROM = [3, 4, 7, 8, 9, 10, 11]
const ESCAPE_BOOK = 11
const ESCAPE_VALUE = 16

type Book = {
  /** For each possible start: length × 1024 + index of the symbol, or 0. */
  readonly fast: Uint16Array
  readonly counts: readonly number[]
  /** The values of each symbol, one after the other. */
  readonly values: Int16Array
  readonly dimension: number
  readonly isUnsigned: boolean
}

function buildBook(table: CodebookTable, isUnsigned: boolean): Book {
  const fast = new Uint16Array(1 << FAST_BITS)
  let code = 0
  let index = 0
  for (const [at, count] of table.counts.entries()) {
    const length = at + 1
    if (length > FAST_BITS) break
    code <<= 1
    for (let left = count; left > 0; left -= 1, code += 1, index += 1) {
      const start = code << (FAST_BITS - length)
      fast.fill(length * 1024 + index, start, start + (1 << (FAST_BITS - length)))
    }
  }
  const values = new Int16Array(table.symbols.length * table.dimension)
  for (const [position, symbol] of table.symbols.entries()) {
    for (let digit = table.dimension - 1, rest = symbol; digit >= 0; digit -= 1) {
      values[position * table.dimension + digit] = (rest % table.base) + table.lowest
      rest = Math.floor(rest / table.base)
    }
  }
  return { fast, counts: table.counts, values, dimension: table.dimension, isUnsigned }
}

const SCALE_FACTORS = buildBook(SCALE_FACTOR_TABLE, false)
const SPECTRAL = SPECTRAL_TABLES.map((table, index) => buildBook(table, UNSIGNED_FROM.includes(index + 1)))

function readSymbol(reader: BitReader, book: Book): number {
  const entry = book.fast[reader.peek(FAST_BITS)] ?? 0
  if (entry !== 0) {
    reader.skip(entry >> 10)
    return entry & 1023
  }
  let code = 0
  let first = 0
  let index = 0
  for (const count of book.counts) {
    code = (code << 1) | reader.read(1)
    first <<= 1
    if (code - first < count) return index + code - first
    first += count
    index += count
  }
  throw new DamagedFrame('No such Huffman code.')
}

/** Reads the change from one scale factor to the next, -60 to 60. @throws EndOfBits, DamagedFrame */
export function readScaleChange(reader: BitReader): number {
  return (SCALE_FACTORS.values[readSymbol(reader, SCALE_FACTORS)] ?? 0) - 60
}

/**
 * Reads `count` quantised values into `into`.
 *
 * @param bookNumber - 1 to 11 @throws EndOfBits, DamagedFrame
 */
export function readSpectrum(
  reader: BitReader,
  bookNumber: number,
  target: { into: Int32Array; at: number; count: number },
): void {
  const book = SPECTRAL[bookNumber - 1]
  if (!book) throw new DamagedFrame('No such codebook.')
  const { into } = target
  const end = target.at + target.count
  for (let at = target.at; at < end; at += book.dimension) {
    const symbol = readSymbol(reader, book) * book.dimension
    for (let digit = 0; digit < book.dimension; digit += 1) {
      const value = book.values[symbol + digit] ?? 0
      into[at + digit] = value !== 0 && book.isUnsigned && reader.read(1) === 1 ? -value : value
    }
    if (bookNumber === ESCAPE_BOOK) {
      into[at] = readEscape(reader, into[at] ?? 0)
      into[at + 1] = readEscape(reader, into[at + 1] ?? 0)
    }
  }
}

function readEscape(reader: BitReader, value: number): number {
  if (Math.abs(value) !== ESCAPE_VALUE) return value
  let bits = 4
  while (reader.read(1) === 1) bits += 1
  if (bits > 12) throw new DamagedFrame('An escaped value is too large.')
  const size = 2 ** bits + reader.read(bits)
  return value < 0 ? -size : size
}

/** Whether an error means only that this packet is lost. */
export function isDamage(error: unknown): boolean {
  return error instanceof DamagedFrame || error instanceof EndOfBits
}
