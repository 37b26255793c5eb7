/** The chat verb: bound → hold → perform → meter → settle, whole or as a stream. */
import { createHash } from 'node:crypto'
import { isLeft } from '../billing/goodwill.ts'
import type { Meter } from '../billing/meter.ts'
import { boundInputTokens, type Picture, type Prompt, readPrompt } from '../billing/prompt.ts'
import { GatewayError } from '../errors.ts'
import type { Receipt } from '../ports/ledger.ts'
import { MinerFailure } from '../ports/miner.ts'
import { badAnswer, readChatAnswer, writeChatAnswer } from './chat-answer.ts'
import { type PaidChat, tokenUnits, writeUsage } from './chat-charge.ts'
import { ChatDelivery } from './chat-delivery.ts'
import { type ChatBody, limitOutput, type OutputLimit, writeMinerBody } from './chat-request.ts'
import type { ServedModel } from './experts.ts'
import { admitChat, type Caller, describeCharge, type PayOptions } from './pay.ts'
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
    const paid: PaidChat = {
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
    return { kind: 'stream', performed, payloads: new ChatDelivery(paid, options, signal).run(payloads) }
  } catch (thrown) {
    if (isLeft(signal)) options.goodwill?.noteLeft(caller.accountId)
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

async function settleWhole(paid: PaidChat, json: string, options: CompleteOptions): Promise<WholeChat> {
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
