/** Cuts a text into the slices that are tokenized one by one. The cuts depend on the text alone, not on how it arrived. */
import { TOKENIZER_SLICE_MAX } from '../ports/tokenizer.ts'

const SPACE = 0x20
const WHITESPACE = /\s/

/**
 * Where the slice that starts at `from` ends. Needs to see one unit beyond the longest slice, so a text that still grows is only cut
 * while more than `TOKENIZER_SLICE_MAX` units of it are there.
 *
 * The cut lies before the last space that follows something else than whitespace: o200k's pieces never reach over such a place, so
 * the slices' tokens are exactly the whole text's. A longer run without one is cut at the limit, never inside a surrogate pair.
 */
export function findSliceEnd(text: string, from: number): number {
  const limit = from + TOKENIZER_SLICE_MAX
  if (text.length <= limit) return text.length
  for (let at = limit; at > from; at -= 1) {
    if (text.charCodeAt(at) === SPACE && !WHITESPACE.test(text.charAt(at - 1))) return at
  }
  return isPair(text.charCodeAt(limit - 1), text.charCodeAt(limit)) ? limit - 1 : limit
}

function isPair(first: number, second: number): boolean {
  return (first & 0xfc00) === 0xd800 && (second & 0xfc00) === 0xdc00
}
