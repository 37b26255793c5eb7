/**
 * What of a chat request is charged as input, and how much it can be at most before anything was tokenized.
 *
 * Input tokens = tokens of every text + `TOKENS_PER_MESSAGE` for each message + `TOKENS_PER_PROMPT` + tokens of every picture.
 * Texts are: role, name, content, refusals and tool calls of the messages, and the JSON of tools and of a response format.
 */

// What OpenAI's chat format adds around a message and before the answer: <|im_start|>, the line feed, <|im_end|> and <|im_start|>assistant.
// Source: openai/openai-cookbook, examples/How_to_count_tokens_with_tiktoken.ipynb, `num_tokens_from_messages`, read 2026-11-25.
export const TOKENS_PER_MESSAGE = 3
export const TOKENS_PER_PROMPT = 3

// OpenAI's rule for pictures, source: platform.openai.com/docs/guides/images-vision "Calculating costs" (GPT-4o), read 2026-11-25.
const PICTURE_BASE_TOKENS = 85
const PICTURE_TILE_TOKENS = 170
const PICTURE_TILE_PIXELS = 512n
const PICTURE_LONG_SIDE_MAX = 2048n
const PICTURE_SHORT_SIDE_MAX = 768n

/** The most that one picture can cost: eight tiles. */
export const PICTURE_TOKENS_MAX = PICTURE_BASE_TOKENS + 8 * PICTURE_TILE_TOKENS

/** As shown, in pixels, measured by the gateway from the bytes; `detail: 'low'` costs the base alone. */
export type Picture = { readonly width: number; readonly height: number; readonly detail: 'low' | 'high' }

/** What the charge is counted from, taken out of a request once. */
export type Prompt = {
  readonly texts: readonly string[]
  readonly messageCount: number
  readonly pictures: readonly Picture[]
}

/**
 * Collects the texts of an OpenAI chat request. Parts of a kind other than text and picture count by their JSON.
 *
 * @param body - the request after validation; only `messages`, `tools`, `functions` and `response_format` are read
 * @param pictures - measured pictures, in any order: those in the body are passed over
 */
export function readPrompt(
  body: {
    readonly messages: readonly unknown[]
    readonly tools?: unknown
    readonly functions?: unknown
    readonly response_format?: unknown
  },
  pictures: readonly Picture[] = [],
): Prompt {
  const texts: string[] = []
  for (const message of body.messages) collectMessage(message, texts)
  for (const extra of [body.tools, body.functions, body.response_format]) {
    if (extra !== undefined && extra !== null) texts.push(JSON.stringify(extra))
  }
  return { texts, messageCount: body.messages.length, pictures }
}

/** Tokens that do not depend on the tokenizer. */
export function fixedTokens(prompt: Prompt): number {
  let tokens = TOKENS_PER_PROMPT + TOKENS_PER_MESSAGE * prompt.messageCount
  for (const picture of prompt.pictures) tokens += pictureTokens(picture)
  return tokens
}

/** An upper bound of the input tokens, without a tokenizer: a token is at least one byte of UTF-8. */
export function boundInputTokens(prompt: Prompt): number {
  let tokens = fixedTokens(prompt)
  for (const text of prompt.texts) tokens += Buffer.byteLength(text)
  return tokens
}

/**
 * Tokens of one picture: 85, and 170 for each tile of 512 pixels after it was shrunk to fit into 2048 × 2048 and to at most 768 on its
 * shorter side.
 */
export function pictureTokens(picture: Picture): number {
  if (picture.detail === 'low') return PICTURE_BASE_TOKENS
  const width = BigInt(picture.width)
  const height = BigInt(picture.height)
  const [long, short] = width > height ? [width, height] : [height, width]
  // The scale as a fraction, so that no rounding adds a tile: the smallest of 1, 2048 / long and 768 / short.
  let [numerator, denominator] = [1n, 1n]
  if (long > PICTURE_LONG_SIDE_MAX) [numerator, denominator] = [PICTURE_LONG_SIDE_MAX, long]
  if (short * numerator > PICTURE_SHORT_SIDE_MAX * denominator) {
    ;[numerator, denominator] = [PICTURE_SHORT_SIDE_MAX, short]
  }
  const tiles = (side: bigint) => ceilDivide(side * numerator, denominator * PICTURE_TILE_PIXELS)
  return PICTURE_BASE_TOKENS + PICTURE_TILE_TOKENS * Number(tiles(width) * tiles(height))
}

function collectMessage(message: unknown, texts: string[]): void {
  if (typeof message !== 'object' || message === null) return
  for (const [name, value] of Object.entries(message)) {
    if (value === null || value === undefined) continue
    if (typeof value === 'string') texts.push(value)
    else if (name === 'content' && Array.isArray(value)) for (const part of value) collectPart(part, texts)
    else texts.push(JSON.stringify(value))
  }
}

function collectPart(part: unknown, texts: string[]): void {
  if (typeof part === 'object' && part !== null && 'type' in part) {
    if (part.type === 'image_url') return
    if (part.type === 'text' && 'text' in part && typeof part.text === 'string') {
      texts.push(part.text)
      return
    }
  }
  texts.push(JSON.stringify(part))
}

function ceilDivide(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator
}
