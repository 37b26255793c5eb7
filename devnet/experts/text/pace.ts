// Long texts are worked on in slices, so that nothing else of the process waits.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Characters between two turns of the event loop: some milliseconds of work. */
const CHARS_PER_TURN = 32_768

/** How much work was done since the loop last turned. One per request. */
export class Pace {
  readonly #signal: AbortSignal
  #spent = 0

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Counts work on so many characters, and lets the loop turn when it is time. @throws the signal's reason */
  async spend(chars: number): Promise<void> {
    this.#spent += chars
    if (this.#spent < CHARS_PER_TURN) return
    this.#spent = 0
    await nextTurn()
    this.#signal.throwIfAborted()
  }
}

/** Cuts a text at spaces into slices of at most about `size` characters, so that no word is cut. */
export function* slicesOf(text: string, size = 16_384): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let to = Math.min(text.length, from + size)
    // A text without spaces is cut where it is.
    for (let at = to; at < text.length && at < to + 1024; at += 1) {
      if (/\s/.test(text[at] ?? '')) {
        to = at
        break
      }
    }
    yield text.slice(from, to)
    from = to
  }
}
