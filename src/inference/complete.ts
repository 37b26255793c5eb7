/** The chat verb: bound → hold → perform → meter → settle, whole or as a stream. */
import { createHash } from 'node:crypto'
import type { Meter } from '../billing/meter.ts'
import { type PriceCatalogue, total } from '../billing/prices.ts'
import { boundInputTokens, type Picture, type Prompt, readPrompt } from '../billing/prompt.ts'
import { GatewayError } from '../errors.ts'
import type { Receipt } from '../ports/ledger.ts'
import { MinerFailure } from '../ports/miner.ts'
import { badAnswer, type ChatUsage, readChatAnswer, writeChatAnswer } from './chat-answer.ts'
import { type ChatBody, limitOutput, type OutputLimit, writeMinerBody } from './chat-request.ts'
import { ChatStreamEditor } from './chat-stream.ts'
import type { ServedModel } from './experts.ts'
import { type Admission, admitChat, type Caller, describeCharge, type PayOptions } from './pay.ts'
import type { Performed, Performer } from './perform.ts'

export type CompleteOptions = PayOptions & {
  readonly performer: Performer
  readonly meter: Meter
  /** Milliseconds since 1970. */
  readonly wallMs: () => number
}

export type ChatOrder = {
  readonly body: ChatBody
  /** The JSON text that `body` was parsed from; null when it was made by us. */
  readonly text: string | null
  readonly pictures: readonly Picture[]
  readonly model: ServedModel
  readonly capability: 'chat' | 'image.recognize'
}

export type WholeChat = {
  readonly kind: 'whole'
  /** The caller's `chat.completion`. */
  readonly json: string
  readonly receipt: Receipt
  readonly performed: Performed
}

export type StreamedChat = {
  readonly kind: 'stream'
  /**
   * JSON texts for the caller, `[DONE]` left out. Settled durably before it ends normally; throws what is to be told in band. Leaving it
   * early is the caller's leaving: what was delivered is charged.
   */
  readonly payloads: AsyncGenerator<string, void, undefined>
  readonly performed: Performed
}

type Paid = {
  readonly caller: Caller
  readonly order: ChatOrder
  readonly prompt: Prompt
  readonly admission: Admission
  readonly performed: Performed
  /** All choices together may have so many tokens; more is not charged, and much more is cut. */
  readonly outputTokensMax: number
}

/**
 * Our tokenizer is not the miner's: an answer that keeps to its limit by the miner's count may be longer by ours. Beyond this slack it
 * does not keep to it.
 */
const cutAfter = (tokensMax: number) => Math.ceil(tokensMax * 1.25) + 16

/**
 * Completes a chat.
 *
 * @throws GatewayError as `Purse.reserve` and `Performer.perform`; nothing is charged then
 */
export async function complete(
  caller: Caller,
  order: ChatOrder,
  { signal, ...options }: CompleteOptions & { readonly signal: AbortSignal },
): Promise<WholeChat | StreamedChat> {
  const limit = limitOutput(order.body, order.model.outputTokensMax)
  const prompt = readPrompt(order.body, order.pictures)
  const { admission, outputTokensMax } = await admitChat(caller, chatOrder(order, prompt, limit), options)
  try {
    const performed = await options.performer.perform({
      accountId: caller.accountId,
      capability: order.capability,
      models: [order.model],
      priceRao: () => admission.reservation.heldRao,
      work: (model) => ({
        kind: 'chat',
        body: writeMinerBody(order.body, order.text, {
          upstreamModel: model.upstreamModel,
          tokensMax: outputTokensMax,
        }),
        stream: order.body.stream === true,
      }),
      signal,
    })
    const paid: Paid = {
      caller,
      order,
      prompt,
      admission,
      performed,
      outputTokensMax: outputTokensMax * limit.choices,
    }
    if (performed.answer.kind === 'chat') return await settleWhole(paid, performed.answer.json, options)
    if (performed.answer.kind !== 'chat-stream') throw badAnswer()
    const { payloads } = performed.answer
    return { kind: 'stream', performed, payloads: new ChatStream(paid, options, signal).run(payloads) }
  } catch (thrown) {
    await options.purse.void(admission.reservation)
    throw thrown
  }
}

function chatOrder(order: ChatOrder, prompt: Prompt, limit: OutputLimit) {
  const inputTokensMax = boundInputTokens(prompt)
  if (inputTokensMax > order.model.contextTokensMax * 8) {
    // A token has at most a few bytes on average; far beyond the context the request cannot be meant.
    throw new GatewayError(
      'context_length_exceeded',
      `The messages are far larger than the ${order.model.contextTokensMax} tokens that ${order.model.id} can take.`,
      { param: 'messages' },
    )
  }
  return {
    model: order.model.listedId,
    inputTokensMax,
    outputTokensMax: limit.tokensMax,
    choices: limit.choices,
    isRequested: limit.isRequested,
  }
}

async function settleWhole(paid: Paid, json: string, options: CompleteOptions): Promise<WholeChat> {
  const { performed, order, admission } = paid
  let answer: ReturnType<typeof readChatAnswer>
  try {
    answer = readChatAnswer(json)
  } catch (thrown) {
    performed.finish(new MinerFailure('garbage', 'not a chat completion', { cause: thrown }))
    throw thrown
  }
  performed.finish('whole')
  const inputTokens = answer.isBlank ? 0 : await options.meter.countPrompt(paid.prompt)
  let outputTokens = 0
  for (const text of answer.texts) outputTokens += await options.meter.countLarge(text)
  outputTokens = Math.min(outputTokens, paid.outputTokensMax)
  const hash = createHash('sha256')
  for (const text of answer.texts) hash.update(text)
  const receipt = await options.purse.settle(
    admission.reservation,
    describeCharge(performed, {
      prices: admission.prices,
      capability: order.capability,
      units: tokenUnits(inputTokens, outputTokens),
      outputSha256: hash.digest('hex'),
    }),
  )
  const usage = writeUsage(inputTokens, outputTokens, receipt)
  const id = `chatcmpl-${paid.caller.requestId}`
  const createdS = Math.floor(options.wallMs() / 1000)
  return {
    kind: 'whole',
    json: writeChatAnswer(answer.value, { id, createdS, model: order.model.id, usage }),
    receipt,
    performed,
  }
}

/** One stream: edits, meters, cuts at the hold, settles. */
class ChatStream {
  readonly #paid: Paid
  readonly #options: CompleteOptions
  readonly #signal: AbortSignal
  readonly #editor: ChatStreamEditor
  /** One for each choice, since the texts of several come mixed. */
  readonly #counters = new Map<number, ReturnType<Meter['createTokenCounter']>>()
  readonly #hash = createHash('sha256')
  #inputTokens = 0
  #hasDelivered = false
  /** How it ended; until then an early leave counts as the caller's. */
  #ending: 'open' | 'done' | 'failed' = 'open'

  constructor(paid: Paid, options: CompleteOptions, signal: AbortSignal) {
    this.#paid = paid
    this.#options = options
    this.#signal = signal
    this.#editor = new ChatStreamEditor({
      id: `chatcmpl-${paid.caller.requestId}`,
      createdS: Math.floor(options.wallMs() / 1000),
      model: paid.order.model.id,
    })
  }

  async *run(payloads: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
    const { performed, admission, order } = this.#paid
    try {
      this.#inputTokens = await this.#options.meter.countPrompt(this.#paid.prompt)
      const outputTokensMax = Math.min(
        this.#affordableOutput(admission.prices),
        cutAfter(this.#paid.outputTokensMax),
      )
      for await (const payload of payloads) {
        const { text, spoken } = this.#editor.edit(payload)
        for (const { choice, text: said } of spoken) {
          this.#counterOf(choice).add(said)
          this.#hash.update(said)
        }
        if (this.#exceeds(outputTokensMax)) {
          yield this.#editor.writeCut([...this.#counters.keys()])
          break
        }
        if (text === null) continue
        this.#hasDelivered = true
        yield text
      }
      performed.finish('whole')
      const receipt = await this.#settle()
      this.#ending = 'done'
      if (order.body.stream_options?.include_usage === true) {
        yield this.#editor.writeUsage(writeUsage(this.#inputTokens, this.#chargedOutput(), receipt))
      }
    } catch (thrown) {
      if (this.#ending === 'open' && !this.#isLeft()) this.#ending = 'failed'
      throw this.#fail(thrown)
    } finally {
      await this.#close()
    }
  }

  /** Whether the caller went away, which is not the miner's failure. */
  #isLeft(): boolean {
    const { aborted, reason } = this.#signal
    return aborted && reason instanceof GatewayError && reason.code === 'client_closed_request'
  }

  #fail(thrown: unknown): GatewayError {
    const error = GatewayError.from(thrown)
    this.#paid.performed.finish(
      error.cause instanceof MinerFailure
        ? error.cause
        : error.code === 'expert_bad_response'
          ? new MinerFailure('garbage', error.message)
          : 'abandoned',
    )
    return error
  }

  /** What is still open when the generator is left: the caller went away, or the miner failed. */
  async #close(): Promise<void> {
    if (this.#ending === 'done') return
    this.#paid.performed.finish('abandoned')
    const leftByCaller = this.#ending === 'open' && this.#hasDelivered
    if (leftByCaller)
      await this.#settle().catch(() => undefined) // The purse has logged it and releases the hold.
    else await this.#options.purse.void(this.#paid.admission.reservation)
  }

  #counterOf(choice: number) {
    let counter = this.#counters.get(choice)
    if (!counter) {
      counter = this.#options.meter.createTokenCounter()
      this.#counters.set(choice, counter)
    }
    return counter
  }

  #countOutput(): number {
    let tokens = 0
    for (const counter of this.#counters.values()) tokens += counter.count()
    return tokens
  }

  /** What is charged: never more than was asked for. */
  #chargedOutput(): number {
    return Math.min(this.#countOutput(), this.#paid.outputTokensMax)
  }

  #exceeds(tokensMax: number): boolean {
    const only = this.#counters.size === 1 ? this.#counters.values().next().value : undefined
    return only ? only.exceeds(tokensMax) : this.#countOutput() > tokensMax
  }

  #affordableOutput(prices: PriceCatalogue): number {
    const { heldRao } = this.#paid.admission.reservation
    const model = this.#paid.order.model.listedId
    const inputRao = total(prices.priceLines(model, tokenUnits(this.#inputTokens, 0)))
    const price = prices.find(model)?.find(({ meter }) => meter === 'output_token')
    if (!price || price.rao === 0n) return Number.MAX_SAFE_INTEGER
    const left = heldRao > inputRao ? heldRao - inputRao : 0n
    return Number((left * price.per) / price.rao)
  }

  #settle(): Promise<Receipt> {
    const { performed, admission, order } = this.#paid
    const outputTokens = this.#chargedOutput()
    const isBlank = outputTokens === 0 && !this.#editor.hasEnded
    return this.#options.purse.settle(
      admission.reservation,
      describeCharge(performed, {
        prices: admission.prices,
        capability: order.capability,
        units: isBlank ? tokenUnits(0, 0) : tokenUnits(this.#inputTokens, outputTokens),
        outputSha256: this.#hash.digest('hex'),
      }),
    )
  }
}

const tokenUnits = (input: number, output: number) => ({
  input_token: BigInt(input),
  output_token: BigInt(output),
})

function writeUsage(inputTokens: number, outputTokens: number, receipt: Receipt): ChatUsage {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    cost_rao: receipt.capturedRao.toString(),
    receipt_id: receipt.id,
  }
}
