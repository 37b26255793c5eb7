/** The gateway's own meter of text: what miners report about tokens is never charged. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GatewayError } from '../errors.ts'
import type { CountTokens, Tokenizer } from '../ports/tokenizer.ts'
import { fixedTokens, type Prompt } from './prompt.ts'
import { findSliceEnd } from './slice.ts'
import { TokenCounter } from './token-counter.ts'

// The worst text (random base64) takes about 0.8 ms per 1,000 units: a turn of the loop stays under 10 ms.
const UNITS_PER_TURN = 8_192

export type Meter = {
  /** Loads the tokenizer (0.2 to 0.3 s of the loop, once): call it after listening. A failed load is tried again by the next call. */
  ready(): Promise<void>
  /** Tokens of a text, in one go: for texts under about 8,000 characters. @throws GatewayError `internal_error` before `ready` */
  count(text: string): number
  /** The same count of a text of any length; lets other work in between. Rejects with the signal's reason. */
  countLarge(text: string, signal?: AbortSignal): Promise<number>
  /** Input tokens of a chat, as they are charged; never more than `boundInputTokens`. */
  countPrompt(prompt: Prompt, signal?: AbortSignal): Promise<number>
  /** For a text that arrives in parts. Before `ready` the counter throws `internal_error` once it has to tokenize. */
  createTokenCounter(): TokenCounter
}

/** @returns a meter over `tokenizer`, which is not loaded before the first `ready`, `countLarge` or `countPrompt` */
export function createMeter(tokenizer: Tokenizer): Meter {
  let loaded: CountTokens | null = null
  const load = async () => {
    loaded ??= await tokenizer.load()
    return loaded
  }
  const get = () => {
    if (loaded) return loaded
    throw new GatewayError('internal_error', 'The gateway is not ready to count tokens.', {
      cause: new Error(`tokenizer ${tokenizer.name} was used before it was loaded`),
    })
  }
  return {
    async ready() {
      await load()
    },
    count: (text) => countSlices(text, get()),
    async countLarge(text, signal) {
      return await countInTurns([text], await load(), signal)
    },
    async countPrompt(prompt, signal) {
      return fixedTokens(prompt) + (await countInTurns(prompt.texts, await load(), signal))
    },
    createTokenCounter: () => new TokenCounter(get),
  }
}

function countSlices(text: string, countTokens: CountTokens): number {
  let tokens = 0
  for (let from = 0; from < text.length; ) {
    const end = findSliceEnd(text, from)
    tokens += countTokens(text.slice(from, end))
    from = end
  }
  return tokens
}

async function countInTurns(
  texts: readonly string[],
  countTokens: CountTokens,
  signal: AbortSignal | undefined,
): Promise<number> {
  let tokens = 0
  let units = 0
  for (const text of texts) {
    for (let from = 0; from < text.length; ) {
      if (units >= UNITS_PER_TURN) {
        units = 0
        await nextTurn()
        signal?.throwIfAborted()
      }
      const end = findSliceEnd(text, from)
      tokens += countTokens(text.slice(from, end))
      units += end - from
      from = end
    }
  }
  return tokens
}
