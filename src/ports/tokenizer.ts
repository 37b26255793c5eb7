/** The port to a tokenizer, for counting what is charged. It counts short slices only: long runs are quadratic in every tokenizer. */

/** The longest text that a tokenizer is given, in UTF-16 units. */
export const TOKENIZER_SLICE_MAX = 256

/**
 * Counts the tokens of a text of at most `TOKENIZER_SLICE_MAX` UTF-16 units. Names of special tokens in it (`<|endoftext|>`) are plain
 * text. Never more than the text's UTF-8 bytes, never throws.
 */
export type CountTokens = (slice: string) => number

export interface Tokenizer {
  /** The encoding, such as `o200k_base`. */
  readonly name: string
  /** Loads the vocabulary, at the first call only; a failed load is tried again by the next call. */
  load(): Promise<CountTokens>
}
