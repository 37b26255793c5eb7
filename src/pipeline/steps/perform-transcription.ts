/** A transcription step: a stored recording in, words out. */
import { GatewayError } from '../../errors.ts'
import { sha256Hex } from '../../inference/pay.ts'
import { audioUnits } from '../../inference/transcribe.ts'
import { MinerFailure, type TranscriptionAnswer } from '../../ports/miner.ts'
import { atParam } from '../admission/caller-files.ts'
import { priceOf } from '../admission/price-step.ts'
import type { TranscriptionBody } from '../language/step-body.ts'
import { affordableModels } from './affordable-models.ts'
import { type FilledBody, recordingOf } from './fill-body.ts'
import { dispatch, previewText, type StepOrder, type StepResult, type StepTools } from './step-order.ts'

/** @throws GatewayError as `Performer.perform` · `invalid_audio` · `insufficient_quota` */
export async function performTranscription(
  filled: FilledBody & { readonly body: TranscriptionBody },
  order: StepOrder,
  tools: StepTools,
): Promise<StepResult> {
  const { body, uses } = filled
  const { signal } = order
  const { bytes } = await tools.files
    .read(recordingOf(uses), order.accountId)
    .catch((thrown) => atParam(thrown, 'file'))
  const { wav, durationSeconds } = await tools.media.decodeAudio(bytes, { signal })
  const units = audioUnits(durationSeconds)
  const performed = await dispatch(order, tools, {
    capability: 'audio.transcribe',
    models: affordableModels(units, order, tools),
    priceRao: (model) => priceOf(model, units, order.prices),
    work: (model) => ({
      kind: 'transcription',
      model: model.upstreamModel,
      wav,
      durationSeconds,
      language: body.language ?? null,
      prompt: body.prompt ?? null,
      temperature: body.temperature ?? null,
    }),
  })
  const { answer } = performed
  if (answer.kind !== 'transcription' || !isPlausible(answer, order.plan.facts.textBytesMax)) {
    performed.finish(new MinerFailure('garbage', 'not a transcript of that recording'))
    throw new GatewayError(
      'expert_bad_response',
      'The miner sent more text than anyone can say in that time. Nothing was charged.',
    )
  }
  performed.finish('whole')
  const outputSha256 = sha256Hex(answer.text)
  return {
    output: writeTranscriptOutput(answer, durationSeconds),
    preview: { text: previewText(answer.text), duration: durationSeconds },
    receipt: order.bill({ performed, capability: 'audio.transcribe', units, outputSha256 }),
    performed,
    madeFileIds: [],
  }
}

/** Times in seconds; a confidence only where the miner gave one. */
function writeTranscriptOutput(answer: TranscriptionAnswer, durationSeconds: number) {
  return {
    text: answer.text,
    language: answer.language,
    duration: durationSeconds,
    words: answer.words.map(({ word, startSeconds, endSeconds, confidence }) => ({
      word,
      start: toMilliseconds(startSeconds),
      end: toMilliseconds(endSeconds),
      ...(confidence !== null && { confidence }),
    })),
    segments: answer.segments.map(({ text, startSeconds, endSeconds, confidence }) => ({
      text,
      start: toMilliseconds(startSeconds),
      end: toMilliseconds(endSeconds),
      ...(confidence !== null && { confidence }),
    })),
  }
}

/** Times are told to the millisecond; what is finer is an artefact of arithmetic. */
const toMilliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000

/** Later steps were priced by the length of the recording, so its transcript keeps to that. */
function isPlausible(answer: TranscriptionAnswer, bytesMax: number): boolean {
  const sizes = [
    [answer.text],
    answer.words.map(({ word }) => word),
    answer.segments.map(({ text }) => text),
    [answer.language ?? ''],
  ].map((texts) => texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0))
  return (
    sizes.every((bytes) => bytes <= bytesMax) && (answer.language?.length ?? 0) <= LANGUAGE_CHARACTERS_MAX
  )
}

const LANGUAGE_CHARACTERS_MAX = 64
