/** The port to miners: one dialect is one wire protocol that a subnet's miners speak. */
import type { Capability } from './capability.ts'

export type DialectName = 'dendrite10' | 'btauth1' | 'openai'

/** Where one attempt goes. The address came from the chain or from the subnets file; the dialect connects to exactly it. */
export type MinerTarget = {
  /** Null for a server that is named in the subnets file by URL and has no place on the chain. */
  readonly netuid: number | null
  readonly mechid: number
  readonly uid: number | null
  /** ss58 of the miner, or the entry's name when there is no hotkey. */
  readonly hotkey: string
  /** `http://1.2.3.4:8080`, `http://[2001:db8::1]:80` or, from the subnets file only, an `http(s)` URL with a path prefix such as `https://host/v1`. */
  readonly baseUrl: string
  /** Bearer key for a server of the subnets file; null for signed calls. */
  readonly bearer: string | null
}

/** A chat, with or without pictures. `body` is a whole OpenAI chat completion request as JSON text, model and limits already the miner's. */
export type ChatWork = { readonly kind: 'chat'; readonly body: string; readonly stream: boolean }

/** A recording, already decoded and written anew by the gateway: WAV, 16 kHz, mono, 16-bit PCM. */
export type TranscriptionWork = {
  readonly kind: 'transcription'
  readonly model: string
  readonly wav: Uint8Array
  readonly durationSeconds: number
  /** ISO 639-1; null lets the miner decide. */
  readonly language: string | null
  readonly prompt: string | null
  readonly temperature: number | null
}

export type ImageWork = {
  readonly kind: 'image'
  readonly model: string
  readonly prompt: string
  readonly width: number
  readonly height: number
  readonly count: number
  readonly seed: number | null
  readonly format: 'png' | 'jpeg' | 'webp'
  readonly background: 'auto' | 'opaque' | 'transparent'
}

export type Work = ChatWork | TranscriptionWork | ImageWork

/** The miner's `chat.completion` as JSON text: an object with a non-empty `choices` array, checked; its claims about usage are not trusted. */
export type ChatAnswer = { readonly kind: 'chat'; readonly json: string }

/**
 * The data payloads of a miner's stream, as JSON text, `[DONE]` left out; the first one has already arrived when the answer is handed out.
 * Ends normally only when the miner ended its stream properly (`[DONE]` or the dialect's own end); else throws `expert_bad_response` or `expert_timeout`.
 */
export type ChatStreamAnswer = { readonly kind: 'chat-stream'; readonly payloads: AsyncIterable<string> }

export type TranscriptWord = {
  readonly word: string
  readonly startSeconds: number
  readonly endSeconds: number
  /** 0 to 1; null when the miner gives none. */
  readonly confidence: number | null
}

export type TranscriptSegment = {
  readonly text: string
  readonly startSeconds: number
  readonly endSeconds: number
  readonly confidence: number | null
}

export type TranscriptionAnswer = {
  readonly kind: 'transcription'
  readonly text: string
  /** As the miner says, e.g. `english`; null when it does not. */
  readonly language: string | null
  readonly words: readonly TranscriptWord[]
  readonly segments: readonly TranscriptSegment[]
}

export type ImageAnswer = {
  readonly kind: 'image'
  /** As many as asked for; bytes are a picture by their first bytes, checked; width and height are measured by the gateway, not here. */
  readonly images: readonly { readonly bytes: Uint8Array; readonly mime: string }[]
  /** What the miner says it painted; null when it does not. */
  readonly revisedPrompt: string | null
}

export type Answer = ChatAnswer | ChatStreamAnswer | TranscriptionAnswer | ImageAnswer

export type AttemptOptions = {
  /** Until the whole answer, or for a stream its last byte, has arrived. */
  readonly timeoutMs: number
  /** Until the first byte of the answer, or for a stream its first payload, has arrived. */
  readonly firstByteTimeoutMs: number
  readonly signal: AbortSignal
}

export interface Dialect {
  readonly name: DialectName
  readonly capabilities: readonly Capability[]
  /**
   * Makes one attempt at one miner; aborting the signal, or leaving the stream early, aborts the call upstream at once.
   *
   * @throws GatewayError `no_expert_available` busy (429, 503) or unreachable · `expert_timeout` · `expert_bad_response` anything that
   *   is not a valid answer · `invalid_request` when the miner refuses the request itself as malformed (400, 413, 422).
   *   The cause is a `MinerFailure`.
   */
  attempt(target: MinerTarget, work: Work, options: AttemptOptions): Promise<Answer>
  close(): Promise<void>
}

/** What went wrong at a miner, for health and log. Kept as the `cause` of the `GatewayError`. */
export class MinerFailure extends Error {
  override readonly name = 'MinerFailure'
  /**
   * `unreachable` no connection · `busy` 429 or 503 · `forbidden` 403: this hotkey is not welcome · `unauthorized` 401: our clock or
   * signature · `not-found` wrong model or synapse · `slow` a time-out · `server-error` other 5xx · `garbage` not a valid answer ·
   * `cut` ended before its end · `refused` the request itself was refused.
   */
  readonly reason: MinerFailureReason
  readonly status: number | null
  readonly retryAfterMs: number | null

  constructor(
    reason: MinerFailureReason,
    message: string,
    options: { status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.reason = reason
    this.status = options.status ?? null
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

export type MinerFailureReason =
  | 'unreachable'
  | 'busy'
  | 'forbidden'
  | 'unauthorized'
  | 'not-found'
  | 'slow'
  | 'server-error'
  | 'garbage'
  | 'cut'
  | 'refused'
