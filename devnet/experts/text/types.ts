// What the text expert takes and gives. The names are OpenAI's where OpenAI has one.

/** A chat request as it came: only what is understood is read, anything else passes by. */
export type TextRequest = Readonly<Record<string, unknown>>

export interface TextCall {
  /** Unique within the process. */
  readonly id: string
  readonly name: string
  /** JSON text of the arguments, valid against the tool's schema as far as `MODEL_CARD.md` says. */
  readonly argumentsJson: string
}

/** `length`: cut at the request's limit of tokens. */
export type FinishReason = 'stop' | 'length' | 'tool_calls'

export interface Completion {
  /** null beside tool calls. */
  readonly content: string | null
  readonly toolCalls: readonly TextCall[]
  readonly finishReason: FinishReason
  /** Counted in pieces of a word's size, which are not fewer than a tokeniser's tokens of English text. */
  readonly promptTokens: number
  readonly completionTokens: number
}

/** A streamed piece, in order; one `end` comes last. */
export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | ({ readonly kind: 'tool-call' } & TextCall)
  | {
      readonly kind: 'end'
      readonly finishReason: FinishReason
      readonly promptTokens: number
      readonly completionTokens: number
    }

export interface TextExpert {
  /** Answers the last message. The same request gives the same words. @throws the signal's reason when it fires */
  complete(request: TextRequest, options: { readonly signal: AbortSignal }): Promise<Completion>
  /** The same answer in pieces of a word's size. */
  stream(request: TextRequest, options: { readonly signal: AbortSignal }): AsyncIterable<TextPart>
}
