/** The work of a miner at the level of OpenAI's JSON: what a door hands in, and what goes back through it. */
import type { ChatRequest } from './experts.ts'

/** A request that cannot be served, with the HTTP status that says so. The message goes to the caller. */
export class ServiceFailure extends Error {
  override readonly name = 'ServiceFailure'
  readonly status: number
  readonly code: string | null
  readonly retryAfterSeconds: number | null

  constructor(
    status: number,
    message: string,
    options: { readonly code?: string; readonly retryAfterSeconds?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.status = status
    this.code = options.code ?? null
    this.retryAfterSeconds = options.retryAfterSeconds ?? null
  }
}

export type SpeechRequest = {
  readonly model: string
  /** As it came: the gateway sends WAV, 16 kHz, mono, 16 bit. */
  readonly file: Uint8Array
  readonly language: string | null
  readonly prompt: string | null
  readonly temperature: string | null
}

export type ImagesRequest = Readonly<Record<string, unknown>> & {
  readonly model: string
  readonly prompt: string
}

/** A part that a miner does not do is absent: its path answers 404. */
export type Services = {
  readonly chat?: ChatService
  readonly speech?: SpeechService
  readonly images?: ImageService
}

export interface ChatService {
  /** @returns JSON text of a `chat.completion` @throws ServiceFailure */
  complete(request: ChatRequest, signal: AbortSignal): Promise<string>
  /** @returns JSON texts of `chat.completion.chunk`s @throws ServiceFailure before the first, any error after it */
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<string>
}

export interface SpeechService {
  /** @returns JSON text of a `verbose_json` transcription @throws ServiceFailure */
  transcribe(request: SpeechRequest, signal: AbortSignal): Promise<string>
}

export interface ImageService {
  /** @returns JSON text of an images response @throws ServiceFailure */
  generate(request: ImagesRequest, signal: AbortSignal): Promise<string>
}
