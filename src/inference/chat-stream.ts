/** A miner's stream on its way to the caller: keeps OpenAI's promises about chunks, and passes a chunk on as it is when it keeps them. */
import { badAnswer, type ChatUsage, parseObject, spokenTexts } from './chat-answer.ts'

type Chunk = Record<string, unknown>
type Choice = { index?: unknown; delta?: unknown; finish_reason?: unknown }

/** What one payload of the miner becomes. */
export type EditedChunk = {
  /** JSON text for the caller; null when the payload says nothing to it. */
  readonly text: string | null
  /** What is metered, with the choice that said it. */
  readonly spoken: readonly Spoken[]
}

export type Spoken = { readonly choice: number; readonly text: string }

const NOTHING: EditedChunk = { text: null, spoken: [] }

/** Holds what must stay the same over a whole stream: id, creation time, model, one role per choice. */
export class ChatStreamEditor {
  readonly #model: string
  #id: string
  #createdS: number
  #isFirst = true
  readonly #rolesSent = new Set<number>()
  /** Choices that have named their end. */
  readonly #ended = new Set<number>()

  /** @param options - id and creation time to use when the miner gives none */
  constructor(options: { readonly id: string; readonly createdS: number; readonly model: string }) {
    this.#id = options.id
    this.#createdS = options.createdS
    this.#model = options.model
  }

  /** Whether the miner named an end for at least one choice. */
  get hasEnded(): boolean {
    return this.#ended.size > 0
  }

  /** @throws GatewayError `expert_bad_response` when the payload is no chunk, or an error of the miner's */
  edit(payload: string): EditedChunk {
    const chunk = parseObject(payload)
    if (chunk.error !== undefined && chunk.error !== null) throw badAnswer()
    // Usage chunks and preambles: the gateway writes its own usage at the end.
    if (!Array.isArray(chunk.choices) || chunk.choices.length === 0) return NOTHING
    let changed = this.#keepConstant(chunk)
    const spoken: Spoken[] = []
    for (const choice of chunk.choices as Choice[]) {
      if (this.#editChoice(choice)) changed = true
      if (typeof choice.delta === 'object' && choice.delta !== null) {
        // A delta is an object, checked above; its members are read as unknown.
        const texts = spokenTexts(choice.delta as Record<string, unknown>)
        for (const text of texts) spoken.push({ choice: Number(choice.index), text })
      }
    }
    // A line feed inside a data line would break the framing.
    return { text: changed || payload.includes('\n') ? JSON.stringify(chunk) : payload, spoken }
  }

  /** The last chunk when the answer is cut at what was reserved. @param choices - those that have said something */
  writeCut(choices: readonly number[]): string {
    const open = choices.filter((index) => !this.#ended.has(index))
    return this.#write(open.map((index) => ({ index, delta: {}, finish_reason: 'length' })))
  }

  /** The usage chunk that `stream_options.include_usage` asks for. */
  writeUsage(usage: ChatUsage): string {
    return this.#write([], { usage })
  }

  #write(choices: readonly unknown[], extra: object = {}): string {
    return JSON.stringify({
      id: this.#id,
      object: 'chat.completion.chunk',
      created: this.#createdS,
      model: this.#model,
      choices,
      ...extra,
    })
  }

  #keepConstant(chunk: Chunk): boolean {
    if (this.#isFirst) {
      this.#isFirst = false
      if (typeof chunk.id === 'string' && chunk.id !== '') this.#id = chunk.id
      if (typeof chunk.created === 'number' && Number.isSafeInteger(chunk.created))
        this.#createdS = chunk.created
    }
    let changed = false
    const constants = {
      id: this.#id,
      object: 'chat.completion.chunk',
      created: this.#createdS,
      model: this.#model,
    }
    for (const [name, value] of Object.entries(constants)) {
      if (chunk[name] === value) continue
      chunk[name] = value
      changed = true
    }
    if ('usage' in chunk) {
      delete chunk.usage
      changed = true
    }
    return changed
  }

  #editChoice(choice: Choice): boolean {
    let changed = false
    if (!Number.isSafeInteger(choice.index)) {
      choice.index = 0
      changed = true
    }
    const index = Number(choice.index)
    if (typeof choice.delta !== 'object' || choice.delta === null) {
      choice.delta = {}
      changed = true
    }
    // Made an object above; its members are read as unknown.
    const delta = choice.delta as Record<string, unknown>
    if (this.#editRole(delta, index)) changed = true
    if (Array.isArray(delta.tool_calls)) {
      delta.tool_calls.forEach((call: { index?: unknown }, at: number) => {
        if (typeof call !== 'object' || call === null || Number.isSafeInteger(call.index)) return
        call.index = at
        changed = true
      })
    }
    if (typeof choice.finish_reason === 'string') this.#ended.add(index)
    return changed
  }

  /** Exactly the first delta of a choice has the role: clients that merge deltas would else join it to itself. */
  #editRole(delta: Record<string, unknown>, index: number): boolean {
    if (this.#rolesSent.has(index)) {
      if (!('role' in delta)) return false
      delete delta.role
      return true
    }
    this.#rolesSent.add(index)
    if (delta.role === 'assistant') return false
    delta.role = 'assistant'
    return true
  }
}
