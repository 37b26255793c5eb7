/** A chat request on its way to a miner: how much it may say, and the body that the miner gets. Pure. */

/** What of a validated chat body is read here; everything else passes through. */
export type ChatBody = {
  readonly model: string
  readonly messages: readonly unknown[]
  readonly stream?: boolean | null
  readonly stream_options?: { readonly include_usage?: boolean | null } | null
  readonly max_tokens?: number | null
  readonly max_completion_tokens?: number | null
  readonly n?: number | null
  readonly tools?: unknown
  readonly response_format?: unknown
}

/** Tokens that an answer may have when the caller does not say: bounds the hold without starving ordinary answers. */
export const OUTPUT_TOKENS_DEFAULT = 4096

/** No answer is promised fewer tokens than this; below it the balance is said to be too small instead. */
export const OUTPUT_TOKENS_LEAST = 16

export type OutputLimit = {
  /** Tokens for each choice. */
  readonly tokensMax: number
  readonly choices: number
  /** Whether the caller set it; a default may be lowered to what the balance pays. */
  readonly isRequested: boolean
}

/** `min(requested, the model's maximum)`, or of the default when nothing was requested. */
export function limitOutput(body: ChatBody, outputTokensMax: number): OutputLimit {
  const limits = [body.max_completion_tokens, body.max_tokens].filter((limit) => typeof limit === 'number')
  const requested = limits.length > 0 ? Math.min(...limits) : null
  return {
    tokensMax: Math.min(requested ?? OUTPUT_TOKENS_DEFAULT, outputTokensMax),
    choices: body.n ?? 1,
    isRequested: requested !== null,
  }
}

/**
 * The body for the miner: its own model name and the limit in force. The caller's text is passed on as it is when nothing has to change.
 *
 * @param text - the caller's JSON text of `body`; null when there is none
 */
export function writeMinerBody(
  body: ChatBody,
  text: string | null,
  settings: { readonly upstreamModel: string; readonly tokensMax: number },
): string {
  const { upstreamModel, tokensMax } = settings
  const limitName = typeof body.max_completion_tokens === 'number' ? 'max_completion_tokens' : 'max_tokens'
  const sameLimits =
    body[limitName] === tokensMax && (limitName === 'max_tokens' || typeof body.max_tokens !== 'number')
  if (text !== null && body.model === upstreamModel && sameLimits) return text
  const { max_tokens: _tokens, max_completion_tokens: _completionTokens, ...rest } = body
  return JSON.stringify({ ...rest, model: upstreamModel, [limitName]: tokensMax })
}

/** One picture of a chat body. */
export type PicturePart = {
  /** Path in the body, for errors: `messages.0.content.1.image_url.url`. */
  readonly path: string
  readonly url: string
  readonly detail: 'low' | 'high'
}

/** The pictures of a validated body, in order. */
export function listPictures(messages: readonly unknown[]): readonly PicturePart[] {
  const pictures: PicturePart[] = []
  messages.forEach((message, index) => {
    const content =
      typeof message === 'object' && message !== null && 'content' in message ? message.content : null
    if (!Array.isArray(content)) return
    content.forEach((part: { type?: unknown; image_url?: { url?: unknown; detail?: unknown } }, at) => {
      if (part?.type !== 'image_url' || typeof part.image_url?.url !== 'string') return
      pictures.push({
        path: `messages.${index}.content.${at}.image_url.url`,
        url: part.image_url.url,
        detail: part.image_url.detail === 'low' ? 'low' : 'high',
      })
    })
  })
  return pictures
}
