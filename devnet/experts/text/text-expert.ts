// Text work by rule behind the shape of an OpenAI chat. No language model: what no rule knows, it says it does not know.
import { readFile } from 'node:fs/promises'
import { parseVocabulary, type Vocabulary } from '../image/scene/vocabulary.ts'
import { answerJson } from './answer-json.ts'
import { answerText } from './answer-text.ts'
import { findTask } from './find-task.ts'
import { Pace } from './pace.ts'
import { countPieces, cutAtStop, splitPieces } from './pieces.ts'
import { type ReadRequest, readRequest } from './read-request.ts'
import { answerResults, readResults } from './tools/answer-results.ts'
import { callTools } from './tools/call-tools.ts'
import type { Completion, FinishReason, TextCall, TextExpert, TextPart, TextRequest } from './types.ts'

export interface TextExpertOptions {
  /** `vocabulary.tsv` of the image composer: what can be painted. */
  readonly vocabularyPath: string
}

const NO_PICTURES = 'I cannot see pictures: I work on text alone. Ask the vision expert.'

/** A text expert; the vocabulary is read with the first request. */
export function createTextExpert(options: TextExpertOptions): TextExpert {
  let reading: Promise<Vocabulary> | null = null
  const vocabulary = () => {
    reading ??= readFile(options.vocabularyPath, 'utf8').then(parseVocabulary)
    // A file that could not be read is tried again by the next request.
    reading.catch(() => {
      reading = null
    })
    return reading
  }
  const complete = async (raw: TextRequest, signal: AbortSignal): Promise<Completion> => {
    signal.throwIfAborted()
    const pace = new Pace(signal)
    const request = readRequest(raw)
    const answer = await answerRequest(request, { vocabulary: await vocabulary(), pace })
    let promptTokens = 0
    for (const { text } of request.turns) {
      await pace.spend(text.length * 4)
      promptTokens +=
        countPieces(text.slice(0, COUNTED_CHARS)) + Math.ceil(Math.max(0, text.length - COUNTED_CHARS) / 4)
    }
    return { ...cutAnswer(answer, request), promptTokens }
  }
  return {
    complete: (request, { signal }) => complete(request, signal),
    async *stream(request, { signal }) {
      yield* partsOf(await complete(request, signal), signal)
    },
  }
}

/** Longer messages are counted by their length. */
const COUNTED_CHARS = 65_536

interface Answer {
  readonly content: string | null
  readonly calls: readonly TextCall[]
}

async function answerRequest(
  request: ReadRequest,
  { vocabulary, pace }: { readonly vocabulary: Vocabulary; readonly pace: Pace },
): Promise<Answer> {
  const task = findTask(request.turns)
  const work = { task, vocabulary, pace }
  const results = request.turns.at(-1)?.role === 'tool' ? readResults(request.turns) : []
  if (results.length === 0) {
    const { calls, missing } = await callTools({ request, message: task.message, vocabulary, pace })
    if (calls.length > 0) return { content: null, calls }
    if (missing !== null && request.format.kind === 'text') return { content: missing, calls: [] }
  }
  if (request.format.kind !== 'text')
    return { content: await answerJson(request.format, { request, work }), calls: [] }
  if (results.length > 0) return { content: answerResults(results), calls: [] }
  if (request.hasPictures && task.message.trim().length < 200) return { content: NO_PICTURES, calls: [] }
  return { content: await answerText(work), calls: [] }
}

/** Stop sequences, then the limit of pieces. */
function cutAnswer(answer: Answer, request: ReadRequest): Omit<Completion, 'promptTokens'> {
  const max = request.piecesMax ?? Number.POSITIVE_INFINITY
  if (answer.calls.length > 0) {
    const pieces = answer.calls.reduce(
      (sum, call) => sum + countPieces(call.name) + countPieces(call.argumentsJson),
      0,
    )
    // A call that does not fit is not made: half of its arguments would be no JSON.
    if (pieces > max) return { content: '', toolCalls: [], finishReason: 'length', completionTokens: 0 }
    return { content: null, toolCalls: answer.calls, finishReason: 'tool_calls', completionTokens: pieces }
  }
  const pieces = splitPieces(cutAtStop(answer.content ?? '', request.stops))
  const finishReason: FinishReason = pieces.length > max ? 'length' : 'stop'
  const kept = pieces.slice(0, Math.min(pieces.length, max))
  return { content: kept.join(''), toolCalls: [], finishReason, completionTokens: kept.length }
}

async function* partsOf(completion: Completion, signal: AbortSignal): AsyncGenerator<TextPart> {
  for (const text of splitPieces(completion.content ?? '')) {
    signal.throwIfAborted()
    yield { kind: 'text', text }
  }
  for (const call of completion.toolCalls) yield { kind: 'tool-call', ...call }
  const { finishReason, promptTokens, completionTokens } = completion
  yield { kind: 'end', finishReason, promptTokens, completionTokens }
}
