/** What a step can cost at most, and at least, before it is reached. */
import { type PriceCatalogue, total, type Units } from '../../billing/prices.ts'
import { boundInputTokens, PICTURE_TOKENS_MAX, type Picture, readPrompt } from '../../billing/prompt.ts'
import { GatewayError } from '../../errors.ts'
import { type ChatBody, limitOutput, OUTPUT_TOKENS_LEAST } from '../../inference/chat-request.ts'
import type { ServedModel } from '../../inference/experts.ts'
import { imageUnits } from '../../inference/paint.ts'
import { audioUnits } from '../../inference/transcribe.ts'
import { writeText } from '../language/fill.ts'
import {
  chatTextBytesMax,
  type OutputFacts,
  type Slot,
  transcriptBytesMax,
} from '../language/output-shapes.ts'
import type { From } from '../language/references.ts'
import { asksForJson } from '../language/step-body.ts'
import type { StepBounds } from './budget.ts'

export type StepPrice = StepBounds & {
  readonly facts: OutputFacts
  /** 0 where there are no tokens. */
  readonly outputTokensMax: number
}

/** Beyond this many bytes per token of the context a prompt cannot be meant: the same factor as on the chat endpoint. */
const BYTES_PER_CONTEXT_TOKEN = 8

/** A chat whose references are not filled yet. */
export type ChatToPrice = {
  readonly use: 'chat' | 'image.recognize'
  readonly body: ChatBody
  readonly models: readonly ServedModel[]
  /** Pictures that are known. */
  readonly pictures: readonly Picture[]
  /** How many more there will be, made by other steps. */
  readonly pictureCount: number
  /** UTF-8 bytes that references can put into it, at most. */
  readonly laterBytesMax: number
}

/** @throws GatewayError `context_length_exceeded` already without what other steps put into it */
export function priceChat(chat: ChatToPrice, prices: PriceCatalogue): StepPrice {
  const knownTokens = boundInputTokens(readPrompt(chat.body, chat.pictures))
  const inputTokens = knownTokens + chat.laterBytesMax + chat.pictureCount * PICTURE_TOKENS_MAX
  let outputTokensMax = 0
  const bounds = fittingModels(knownTokens, chat.models).map((model) => {
    const { tokensMax } = limitOutput(chat.body, model.outputTokensMax)
    outputTokensMax = Math.max(outputTokensMax, tokensMax)
    const inputMax = Math.min(inputTokens, promptTokensMax(model))
    const price = (input: number, output: number) =>
      priceOf(model, { input_token: BigInt(input), output_token: BigInt(output) }, prices)
    return {
      worstRao: price(inputMax, tokensMax),
      leastRao: price(0, Math.min(tokensMax, OUTPUT_TOKENS_LEAST)),
    }
  })
  const textBytesMax = chatTextBytesMax(outputTokensMax)
  const asksJson = chat.use === 'chat' && asksForJson(chat.body.response_format)
  return {
    ...widest(bounds),
    outputTokensMax,
    facts: { use: chat.use, asksJson, count: 0, textBytesMax },
  }
}

export function priceTranscription(
  durationSeconds: number,
  models: readonly ServedModel[],
  prices: PriceCatalogue,
): StepPrice {
  const textBytesMax = transcriptBytesMax(durationSeconds)
  return {
    ...exact(models, audioUnits(durationSeconds), prices),
    facts: { use: 'audio.transcribe', asksJson: false, count: 0, textBytesMax },
  }
}

/** @param count - from 1 */
export function pricePictures(
  count: number,
  models: readonly ServedModel[],
  prices: PriceCatalogue,
): StepPrice {
  return {
    ...exact(models, imageUnits(count), prices),
    facts: { use: 'image.generate', asksJson: false, count, textBytesMax: 0 },
  }
}

/** Joining text is free. @param textBytesMax - of the result */
export function priceConcat(textBytesMax: number): StepPrice {
  const facts = { use: 'text.concat', asksJson: false, count: 0, textBytesMax } as const
  return { worstRao: 0n, leastRao: 0n, outputTokensMax: 0, facts }
}

/** What a reference to a step can put into a text. */
export function laterBytesOf(from: From, slot: Slot | null): number {
  const fallback = from.fallback ? (writeText(from.fallback.value) ?? '') : ''
  return Math.max(slot?.bytesMax ?? 0, Buffer.byteLength(fallback))
}

/** The models whose context a prompt may fit into. @throws GatewayError `context_length_exceeded` there is none */
export function fittingModels(promptTokens: number, models: readonly ServedModel[]): readonly ServedModel[] {
  const fitting = models.filter((model) => promptTokens <= promptTokensMax(model))
  if (fitting.length > 0) return fitting
  const contextTokensMax = Math.max(...models.map((model) => model.contextTokensMax))
  throw new GatewayError(
    'context_length_exceeded',
    `messages: far larger than the ${contextTokensMax} tokens that a model of this step can take.`,
    { param: 'messages' },
  )
}

export const priceOf = (model: ServedModel, units: Units, prices: PriceCatalogue): bigint =>
  total(prices.priceLines(model.listedId, units))

const promptTokensMax = (model: ServedModel) => model.contextTokensMax * BYTES_PER_CONTEXT_TOKEN

/** The units are known: the best and the worst case are the same, but for the choice of the model. */
function exact(models: readonly ServedModel[], units: Units, prices: PriceCatalogue) {
  const bounds = models.map((model) => {
    const priceRao = priceOf(model, units, prices)
    return { worstRao: priceRao, leastRao: priceRao }
  })
  return { ...widest(bounds), outputTokensMax: 0 }
}

/** Over the models that may serve it. */
function widest(bounds: readonly StepBounds[]): StepBounds {
  return bounds.reduce((all, one) => ({
    worstRao: one.worstRao > all.worstRao ? one.worstRao : all.worstRao,
    leastRao: one.leastRao < all.leastRao ? one.leastRao : all.leastRao,
  }))
}
