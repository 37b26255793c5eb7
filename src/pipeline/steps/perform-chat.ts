/** A chat step, and the recognition of a picture, which is a chat with a question of ours. */
import { createHash } from 'node:crypto'
import { affordableUnits } from '../../billing/prices.ts'
import { boundInputTokens, type Picture, type Prompt, readPrompt } from '../../billing/prompt.ts'
import { badAnswer, readChatAnswer } from '../../inference/chat-answer.ts'
import {
  type ChatBody,
  limitOutput,
  listPictures,
  OUTPUT_TOKENS_LEAST,
  writeMinerBody,
} from '../../inference/chat-request.ts'
import type { ServedModel } from '../../inference/experts.ts'
import type { Performed } from '../../inference/perform.ts'
import type { Receipt } from '../../ports/ledger.ts'
import { MinerFailure } from '../../ports/miner.ts'
import { fittingModels, priceOf } from '../admission/price-step.ts'
import { chatCapability, plannedModels } from '../admission/step-models.ts'
import { asksForJson, type RecognitionBody } from '../language/step-body.ts'
import type { FilledBody } from './fill-body.ts'
import { overBudget } from './over-budget.ts'
import { cutBytes, readRecognition, writeRecognitionChat } from './recognition.ts'
import { dispatch, previewText, type StepOrder, type StepResult, type StepTools } from './step-order.ts'

/** JSON of a model that is nested deeper is not read: nothing refers so deep, and every walk over it would have to. */
const JSON_DEPTH_MAX = 64

type Said = {
  readonly text: string
  readonly toolCalls: readonly unknown[]
  readonly usage: Readonly<Record<string, unknown>>
  readonly performed: Performed
  readonly receipt: Receipt
}

/** @throws GatewayError as `Performer.perform` · `insufficient_quota` its share of the run's money does not pay for it · `context_length_exceeded` */
export async function performChat(
  filled: FilledBody & { readonly body: ChatBody },
  order: StepOrder,
  tools: StepTools,
): Promise<StepResult> {
  const { body } = filled
  const pictures: Picture[] = []
  for (const { url, path, detail } of listPictures(body.messages)) {
    const { width, height } = await filled.measure(url, path)
    pictures.push({ width, height, detail })
  }
  const { text, toolCalls, usage, performed, receipt } = await ask({ body, pictures }, order, tools)
  const json = asksForJson(body.response_format) ? parseJson(text) : undefined
  return {
    output: {
      text,
      ...(json !== undefined && { json }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
      usage,
    },
    preview: { text: previewText(text) },
    receipt,
    performed,
    madeFileIds: [],
  }
}

/** @throws GatewayError as `performChat` */
export async function performRecognition(
  filled: FilledBody & { readonly body: RecognitionBody },
  order: StepOrder,
  tools: StepTools,
): Promise<StepResult> {
  const { image, detail } = filled.body
  const { width, height } = await filled.measure(image, 'image')
  const body = writeRecognitionChat(image, detail ?? 'auto')
  const pictures: Picture[] = [{ width, height, detail: detail === 'low' ? 'low' : 'high' }]
  const { text, performed, receipt } = await ask({ body, pictures }, order, tools)
  const recognition = readRecognition(text, order.plan.facts.textBytesMax)
  return {
    output: recognition,
    preview: {
      text: previewText(recognition.text),
      description: previewText(recognition.description),
      labels: recognition.labels.slice(0, 8).map(({ name, score }) => ({ name, score })),
    },
    receipt,
    performed,
    madeFileIds: [],
  }
}

async function ask(
  chat: { readonly body: ChatBody; readonly pictures: readonly Picture[] },
  order: StepOrder,
  tools: StepTools,
): Promise<Said> {
  const prompt = readPrompt(chat.body, chat.pictures)
  const inputTokens = await tools.meter.countPrompt(prompt, order.signal)
  const limits = limitModels({ ...chat, prompt, inputTokens }, order, tools)
  const models = [...limits.keys()]
  const capability = order.step.use === 'image.recognize' ? 'image.recognize' : chatCapability(models)
  const performed = await dispatch(order, tools, {
    capability,
    models,
    priceRao: (model) => priceOf(model, tokenUnits(inputTokens, limits.get(model) ?? 0), order.prices),
    work: (model) => ({
      kind: 'chat',
      body: writeMinerBody(chat.body, null, {
        upstreamModel: model.upstreamModel,
        tokensMax: limits.get(model) ?? OUTPUT_TOKENS_LEAST,
      }),
      stream: false,
    }),
  })
  const answer = readAnswer(performed)
  performed.finish('whole')
  let outputTokens = 0
  const hash = createHash('sha256')
  for (const spoken of answer.texts) {
    outputTokens += await tools.meter.countLarge(spoken, order.signal)
    hash.update(spoken)
  }
  const receipt = order.bill({
    performed,
    capability,
    units: tokenUnits(inputTokens, outputTokens),
    outputSha256: hash.digest('hex'),
  })
  return {
    text: cutBytes(answer.text, order.plan.facts.textBytesMax),
    toolCalls: answer.toolCalls,
    usage: {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
      cost_rao: receipt.capturedRao.toString(),
      receipt_id: receipt.id,
    },
    performed,
    receipt,
  }
}

/** The models that its share pays for, each with the tokens that its answer may have. */
function limitModels(
  chat: { readonly body: ChatBody; readonly prompt: Prompt; readonly inputTokens: number },
  order: StepOrder,
  { directory }: StepTools,
): ReadonlyMap<ServedModel, number> {
  const { prices, plan, budgetRao } = order
  const served = plannedModels(directory, plan, prices)
  const fitting = fittingModels(boundInputTokens(chat.prompt), served)
  const limits = new Map<ServedModel, number>()
  for (const model of fitting) {
    const wanted = Math.min(limitOutput(chat.body, model.outputTokensMax).tokensMax, plan.outputTokensMax)
    const leftRao = budgetRao - priceOf(model, { input_token: BigInt(chat.inputTokens) }, prices)
    const price = prices.find(model.listedId)?.find(({ meter }) => meter === 'output_token')
    const paid = price ? affordableUnits(price, leftRao) : 0n
    const tokensMax = paid === null || paid > BigInt(wanted) ? wanted : Number(paid)
    if (tokensMax >= Math.min(wanted, OUTPUT_TOKENS_LEAST)) limits.set(model, tokensMax)
  }
  if (limits.size === 0) throw overBudget(budgetRao)
  return limits
}

const tokenUnits = (input: number, output: number) => ({
  input_token: BigInt(input),
  output_token: BigInt(output),
})

function readAnswer(performed: Performed) {
  const { answer } = performed
  try {
    if (answer.kind !== 'chat') throw badAnswer()
    const read = readChatAnswer(answer.json)
    if (read.isBlank) throw badAnswer()
    return { texts: read.texts, ...readMessage(read.value) }
  } catch (thrown) {
    performed.finish(new MinerFailure('garbage', 'not a chat completion, or an empty one', { cause: thrown }))
    throw thrown
  }
}

/** The first choice; a step asks for one. */
function readMessage(value: Readonly<Record<string, unknown>>) {
  const choices: readonly unknown[] = Array.isArray(value.choices) ? value.choices : []
  const message = fieldsOf(fieldsOf(choices[0]).message)
  const calls: readonly unknown[] = Array.isArray(message.tool_calls) ? message.tool_calls : []
  return {
    text: typeof message.content === 'string' ? message.content : '',
    toolCalls: calls.map((call) => {
      const { id, function: called } = fieldsOf(call)
      const { name, arguments: written } = fieldsOf(called)
      return {
        id: textOf(id),
        type: 'function',
        function: { name: textOf(name), arguments: textOf(written) },
      }
    }),
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

/** Undefined when it is no JSON, or nested too deep. */
function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isDeeper(value, JSON_DEPTH_MAX) ? undefined : value
  } catch {
    // Asked for JSON and answered something else: the text is there, `json` is not.
    return undefined
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
}
