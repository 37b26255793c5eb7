/** What stands behind the devnet's miners: experts that do the work, in the miners' words. They are loaded on first use. */

/** A chat, as OpenAI's request; checked to be an object with a list of messages, nothing more. */
export type ChatRequest = Readonly<Record<string, unknown>> & {
  readonly model: string
  readonly messages: readonly unknown[]
}

/** One piece of a chat's answer, in order. An `end` comes last. */
export type ChatPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool-call'; readonly id: string; readonly name: string; readonly argumentsJson: string }
  | {
      readonly kind: 'end'
      readonly finishReason: 'stop' | 'length' | 'tool_calls'
      readonly promptTokens: number
      readonly completionTokens: number
    }

export interface ChatExpert {
  /** @throws ServiceFailure when the request cannot be done */
  answer(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart>
}

export type HeardSpeech = {
  readonly text: string
  readonly words: readonly Heard<'word'>[]
  readonly segments: readonly Heard<'text'>[]
}

type Heard<Name extends string> = { readonly [Key in Name]: string } & {
  readonly startSeconds: number
  readonly endSeconds: number
  /** 0 to 1. */
  readonly confidence: number
}

export interface SpeechExpert {
  /** @param samples - mono, 16 kHz, -1 to 1 */
  listen(samples: Float32Array, signal: AbortSignal): Promise<HeardSpeech>
}

export type SeenPicture = {
  /** In sentences. */
  readonly description: string
  /** Printed text; empty when there is none. */
  readonly text: string
  readonly labels: readonly {
    readonly name: string
    /** 0 to 1. */
    readonly score: number
    readonly count: number
    /** Left, top, width, height of the most certain one, as shares of the picture. */
    readonly box: readonly [number, number, number, number] | null
  }[]
  readonly place: string | null
  readonly colours: readonly { readonly name: string; readonly hex: string; readonly share: number }[]
  readonly width: number
  readonly height: number
}

export interface VisionExpert {
  /** @throws ServiceFailure 400 when the bytes are no picture */
  look(picture: Uint8Array, signal: AbortSignal): Promise<SeenPicture>
}

export type PaintRequest = {
  readonly prompt: string
  readonly width: number
  readonly height: number
  readonly seed: number
  readonly isTransparent: boolean
  readonly format: 'png' | 'jpeg' | 'webp'
}

export interface ImageExpert {
  /** @throws ServiceFailure */
  paint(
    request: PaintRequest,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: Uint8Array; readonly description: string }>
}
