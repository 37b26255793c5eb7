/** Counts the tokens of a text that arrives in parts, such as a streamed answer. */
import { type CountTokens, TOKENIZER_SLICE_MAX } from '../ports/tokenizer.ts'
import { findSliceEnd } from './slice.ts'

// A UTF-16 unit becomes at most this many bytes of UTF-8, and a token is at least one byte.
const TOKENS_PER_UNIT_MAX = 3

/** However the text is cut into parts, the count is that of the whole. */
export class TokenCounter {
  readonly #getCountTokens: () => CountTokens
  #finished = 0
  /** The slice that may still grow. */
  #open = ''
  /** Tokens of `#open`; null when it grew since. */
  #openTokens: number | null = 0

  /** @param getCountTokens - called when something has to be tokenized; may throw while the tokenizer is not loaded */
  constructor(getCountTokens: () => CountTokens) {
    this.#getCountTokens = getCountTokens
  }

  /** Takes the next part; tokenizes only the slices that it completes. A pair of surrogates may be split between parts. */
  add(part: string): void {
    if (part === '') return
    this.#open += part
    this.#openTokens = null
    while (this.#open.length > TOKENIZER_SLICE_MAX) {
      const end = findSliceEnd(this.#open, 0)
      this.#finished += this.#getCountTokens()(this.#open.slice(0, end))
      this.#open = this.#open.slice(end)
    }
  }

  /** Tokens of all that was added, exactly. Tokenizes the open slice anew when it grew. */
  count(): number {
    this.#openTokens ??= this.#getCountTokens()(this.#open)
    return this.#finished + this.#openTokens
  }

  /** Whether more than `tokensMax` were added. Exact, and cheap while the limit is far. */
  exceeds(tokensMax: number): boolean {
    if (this.#finished + this.#open.length * TOKENS_PER_UNIT_MAX <= tokensMax) return false
    if (this.#finished + Buffer.byteLength(this.#open) <= tokensMax) return false
    return this.count() > tokensMax
  }
}
