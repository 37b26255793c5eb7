/** Performs one try of one step: fills its body, has it done, and shapes what came of it. Writes nothing but files. */
import { GatewayError } from '../../errors.ts'
import { atStep } from '../language/definition.ts'
import { type FilledBody, fillBody } from './fill-body.ts'
import { performChat, performRecognition } from './perform-chat.ts'
import { performPictures } from './perform-pictures.ts'
import { performTranscription } from './perform-transcription.ts'
import { previewText, type StepOrder, type StepResult, type StepTools } from './step-order.ts'

/** Bytes of JSON that a step may give out. Pictures are files and do not count. */
const OUTPUT_BYTES_MAX = 25 * 1024 * 1024

/**
 * @throws GatewayError as `Performer.perform`, retryable as its code says · with a caller's code when what earlier steps said does not fit
 *   into this one · `insufficient_quota` its share of the run's money does not pay for it
 */
export async function performStep(order: StepOrder, tools: StepTools): Promise<StepResult> {
  let filled: FilledBody
  try {
    filled = await fillBody(order, tools)
  } catch (thrown) {
    throw atStep(order.step, thrown)
  }
  const result = await performBody(filled, order, tools)
  if (Buffer.byteLength(JSON.stringify(result.output)) <= OUTPUT_BYTES_MAX) return result
  throw new GatewayError('expert_bad_response', 'The miner sent more than a step may give out.')
}

function performBody(filled: FilledBody, order: StepOrder, tools: StepTools): Promise<StepResult> {
  const { read } = filled
  switch (read.use) {
    case 'chat':
      return performChat({ ...filled, body: read.body }, order, tools)
    case 'image.recognize':
      return performRecognition({ ...filled, body: read.body }, order, tools)
    case 'audio.transcribe':
      return performTranscription({ ...filled, body: read.body }, order, tools)
    case 'image.generate':
      return performPictures({ ...filled, body: read.body }, order, tools)
    case 'text.concat':
      return Promise.resolve(concatResult(read.body.parts.join(read.body.separator ?? '')))
  }
}

const concatResult = (text: string): StepResult => ({
  output: { text },
  preview: { text: previewText(text) },
  receipt: null,
  performed: null,
  madeFileIds: [],
})
