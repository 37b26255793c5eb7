/**
 * OpenAI's encoding `o200k_base`, in JavaScript. Source: npm `gpt-tokenizer` 4.0.0, `esm/encoding/o200k_base`, read 2026-11-25.
 *
 * Imported by that one encoding and on first use: it takes 0.2 to 0.3 s of the event loop and about 50 MB.
 */
import type { CountTokens, Tokenizer } from '../../src/ports/tokenizer.ts'

// The package's cache keeps pieces of callers' texts; its own default is 100,000 of them. This many make a repeated slice cheap.
const MERGE_CACHE_PIECES = 1024

/** @returns a tokenizer that loads nothing until `load` is called */
export function createO200kTokenizer(): Tokenizer {
  let loading: Promise<CountTokens> | null = null
  return {
    name: 'o200k_base',
    load() {
      loading ??= importEncoding().catch((error: unknown) => {
        loading = null
        throw error
      })
      return loading
    },
  }
}

async function importEncoding(): Promise<CountTokens> {
  const { countTokens, setMergeCacheSize } = await import('gpt-tokenizer/encoding/o200k_base')
  setMergeCacheSize(MERGE_CACHE_PIECES)
  // Without this the package throws on the name of a special token in a caller's text.
  const plainText = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() }
  return (slice) => countTokens(copyText(slice), plainText)
}

/** A slice of a string keeps the whole string alive; the package's cache would hold megabytes by a word. */
function copyText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
