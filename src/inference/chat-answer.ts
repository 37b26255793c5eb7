/** A miner's whole chat answer: what it says, and the text the caller gets, under our model name and with our own usage. Pure. */
import { GatewayError } from '../errors.ts'

/** As OpenAI's, with what it cost. */
export type ChatUsage = {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly cost_rao: string
  readonly receipt_id: string
}

export type ReadChatAnswer = {
  readonly value: Record<string, unknown>
  /** All that was said, choice by choice: content, reasoning, refusals, tool calls. This is what is metered. */
  readonly texts: readonly string[]
  /** Whether every choice is empty and names no proper end: such an answer is not charged. */
  readonly isBlank: boolean
}

type Loose = Readonly<Record<string, unknown>>

/** @throws GatewayError `expert_bad_response` when it is not a chat completion */
export function readChatAnswer(json: string): ReadChatAnswer {
  const value = parseObject(json)
  const choices = Array.isArray(value.choices) ? value.choices : []
  if (choices.length === 0) throw badAnswer()
  const texts: string[] = []
  let ended = false
  for (const choice of choices as Loose[]) {
    const message = choice?.message
    if (typeof message !== 'object' || message === null) throw badAnswer()
    texts.push(...spokenTexts(message as Loose))
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== 'error') ended = true
  }
  return { value, texts, isBlank: !ended && texts.every((text) => text === '') }
}

/** The texts of a message or of a stream's delta that count as output. */
export function spokenTexts(message: Loose): string[] {
  const texts: string[] = []
  for (const name of ['content', 'reasoning_content', 'reasoning', 'refusal'] as const) {
    const text = message[name]
    if (typeof text === 'string') texts.push(text)
  }
  if (Array.isArray(message.tool_calls)) {
    for (const call of message.tool_calls as { function?: { name?: unknown; arguments?: unknown } }[]) {
      if (typeof call?.function?.name === 'string') texts.push(call.function.name)
      if (typeof call?.function?.arguments === 'string') texts.push(call.function.arguments)
    }
  }
  return texts
}

/** Writes the caller's text. Unknown fields of the miner stay; what it claims about model and usage does not. */
export function writeChatAnswer(
  value: Loose,
  settings: {
    readonly id: string
    readonly createdS: number
    readonly model: string
    readonly usage: ChatUsage
  },
): string {
  return JSON.stringify({
    ...value,
    id: typeof value.id === 'string' && value.id !== '' ? value.id : settings.id,
    object: 'chat.completion',
    created: Number.isSafeInteger(value.created) ? value.created : settings.createdS,
    model: settings.model,
    usage: settings.usage,
  })
}

/** @throws GatewayError `expert_bad_response` when it is not a JSON object */
export function parseObject(json: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw badAnswer(cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badAnswer()
  // An object that is no array is a record of unknowns; the compiler knows it only as `object`.
  return value as Record<string, unknown>
}

export function badAnswer(cause?: unknown): GatewayError {
  return new GatewayError(
    'expert_bad_response',
    'The miner sent an answer that is not valid. Nothing was charged.',
    { cause },
  )
}
