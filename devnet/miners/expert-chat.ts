/** A chat expert as a service: its parts become OpenAI's completion or chunks. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { ChatExpert, ChatPart, ChatRequest } from './experts.ts'
import type { ChatService } from './service.ts'

export type ExpertChatOptions = {
  /** The expert; asked for on the first request. */
  readonly expert: () => Promise<ChatExpert>
  /** Unix time in milliseconds. */
  readonly nowMs: () => number
  /** Pause between two deltas of a stream, so that it can be watched. */
  readonly paceMs: number
}

const CHOICES_MAX = 8

/** Builds the service. */
export function createExpertChat(options: ExpertChatOptions): ChatService {
  return {
    async complete(request, signal) {
      const expert = await options.expert()
      const choices: unknown[] = []
      const usage = { promptTokens: 0, completionTokens: 0 }
      for (let index = 0; index < choiceCount(request); index += 1) {
        const collected = await collect(expert.answer(request, signal))
        choices.push({
          index,
          message: collected.message,
          finish_reason: collected.end.finishReason,
          logprobs: null,
        })
        usage.promptTokens = collected.end.promptTokens
        usage.completionTokens += collected.end.completionTokens
      }
      return JSON.stringify({ ...envelope(request, 'chat.completion'), choices, usage: usageOf(usage) })
    },
    async *stream(request, signal) {
      const expert = await options.expert()
      const base = envelope(request, 'chat.completion.chunk')
      const usage = { promptTokens: 0, completionTokens: 0 }
      for (let index = 0; index < choiceCount(request); index += 1) {
        for await (const { delta, finish } of readDeltas(expert.answer(request, signal), usage)) {
          const choices = [{ index, delta, finish_reason: finish, logprobs: null }]
          yield JSON.stringify({ ...base, choices })
          if (finish === null && options.paceMs > 0) await wait(options.paceMs, undefined, { signal })
        }
      }
      if (wantsUsage(request)) yield JSON.stringify({ ...base, choices: [], usage: usageOf(usage) })
    },
  }

  function envelope(request: ChatRequest, object: string) {
    const created = Math.floor(options.nowMs() / 1000)
    return { id: `chatcmpl-${randomUUID()}`, object, created, model: request.model }
  }
}

type Usage = { promptTokens: number; completionTokens: number }
type Ending = Extract<ChatPart, { kind: 'end' }>

const NO_END: Ending = { kind: 'end', finishReason: 'stop', promptTokens: 0, completionTokens: 0 }

async function* readDeltas(
  parts: AsyncIterable<ChatPart>,
  usage: Usage,
): AsyncGenerator<{ readonly delta: object; readonly finish: string | null }> {
  yield { delta: { role: 'assistant', content: '' }, finish: null }
  let callCount = 0
  let end = NO_END
  for await (const part of parts) {
    if (part.kind === 'text') yield { delta: { content: part.text }, finish: null }
    else if (part.kind === 'end') end = part
    else {
      yield { delta: { tool_calls: [{ index: callCount, ...toolCall(part) }] }, finish: null }
      callCount += 1
    }
  }
  usage.promptTokens = end.promptTokens
  usage.completionTokens += end.completionTokens
  yield { delta: {}, finish: end.finishReason }
}

async function collect(parts: AsyncIterable<ChatPart>) {
  let text = ''
  let end = NO_END
  const calls: object[] = []
  for await (const part of parts) {
    if (part.kind === 'text') text += part.text
    else if (part.kind === 'end') end = part
    else calls.push(toolCall(part))
  }
  const message =
    calls.length > 0
      ? { role: 'assistant', content: text === '' ? null : text, refusal: null, tool_calls: calls }
      : { role: 'assistant', content: text, refusal: null }
  return { message, end }
}

function toolCall(part: Extract<ChatPart, { kind: 'tool-call' }>) {
  return { id: part.id, type: 'function', function: { name: part.name, arguments: part.argumentsJson } }
}

function usageOf({ promptTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

function choiceCount(request: ChatRequest): number {
  const { n } = request
  return typeof n === 'number' && Number.isInteger(n) && n >= 1 ? Math.min(n, CHOICES_MAX) : 1
}

function wantsUsage(request: ChatRequest): boolean {
  const options = request.stream_options
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  )
}
