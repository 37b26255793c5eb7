/** A paid stream on its way to the caller: edited, metered, cut at its limit, settled before it ends. */
import { createHash } from 'node:crypto'
import { isLeft } from '../billing/goodwill.ts'
import type { Meter } from '../billing/meter.ts'
import { type PriceCatalogue, total } from '../billing/prices.ts'
import { GatewayError } from '../errors.ts'
import type { Receipt } from '../ports/ledger.ts'
import { MinerFailure } from '../ports/miner.ts'
import { type PaidChat, tokenUnits, writeUsage } from './chat-charge.ts'
import { ChatStreamEditor } from './chat-stream.ts'
import type { CompleteOptions } from './complete.ts'
import { describeCharge } from './pay.ts'

/**
 * Our tokenizer is not the miner's: an answer that keeps to its limit by the miner's count may be longer by ours. Beyond this slack it
 * does not keep to it.
 */
const cutAfter = (tokensMax: number) => Math.ceil(tokensMax * 1.25) + 16

/** One stream: edits, meters, cuts at the hold, settles. */
export class ChatDelivery {
  readonly #paid: PaidChat
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

  constructor(paid: PaidChat, options: CompleteOptions, signal: AbortSignal) {
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
      if (this.#ending === 'open' && !isLeft(this.#signal)) this.#ending = 'failed'
      throw await this.#forgive(this.#fail(thrown))
    } finally {
      await this.#close()
    }
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

  /** An answer that its miner breaks off is free, within bounds. Beyond them what was delivered is charged, and the error says so. */
  async #forgive(error: GatewayError): Promise<GatewayError> {
    const { caller, performed } = this.#paid
    const { goodwill } = this.#options
    if (!goodwill || this.#ending !== 'failed' || !this.#hasDelivered || error.spec.blame !== 'expert')
      return error
    const answer = {
      accountId: caller.accountId,
      hotkey: performed.provider.hotkey,
      tokens: this.#chargedOutput(),
    }
    if (goodwill.forgive(answer)) return error
    try {
      await this.#settle()
    } catch {
      return error // The purse has logged it and releases the hold.
    }
    this.#ending = 'done'
    return new GatewayError(
      error.code,
      `${error.message.replace(' Nothing was charged.', '')} What was delivered was charged: too much was broken off for this account today.`,
      { cause: error.cause },
    )
  }

  /** What is still open when the generator is left: the caller went away, or the miner failed. */
  async #close(): Promise<void> {
    if (this.#ending === 'done') return
    this.#paid.performed.finish('abandoned')
    const isLeftByCaller = this.#ending === 'open'
    if (isLeftByCaller && !this.#hasDelivered) this.#options.goodwill?.noteLeft(this.#paid.caller.accountId)
    if (isLeftByCaller && this.#hasDelivered)
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
