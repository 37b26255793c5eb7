/** One step of a definition: its body is checked with stand-ins for what other steps will say, its files are looked at, and it is priced. */
import type { PriceCatalogue } from '../../billing/prices.ts'
import type { Picture } from '../../billing/prompt.ts'
import { GatewayError } from '../../errors.ts'
import { type ChatBody, listPictures } from '../../inference/chat-request.ts'
import type { ExpertDirectory, ServedModel } from '../../inference/experts.ts'
import { readPaintOrder } from '../../inference/paint-order.ts'
import type { Step } from '../language/definition.ts'
import { type FileUse, fillStep } from '../language/fill.ts'
import { invalid } from '../language/invalid.ts'
import { describeSlot, type OutputFacts, type Slot } from '../language/output-shapes.ts'
import { type From, listReferences, valueAt } from '../language/references.ts'
import { type BodyCheck, readStepBody } from '../language/step-body.ts'
import { writeRecognitionChat } from '../steps/recognition.ts'
import type { CallerFiles } from './caller-files.ts'
import {
  laterBytesOf,
  priceChat,
  priceConcat,
  pricePictures,
  priceTranscription,
  type StepPrice,
} from './price-step.ts'
import { findModels } from './step-models.ts'

export type CompileStepOptions = {
  readonly contract: BodyCheck
  readonly directory: ExpertDirectory
  readonly prices: PriceCatalogue
  readonly files: CallerFiles
  readonly input: Readonly<Record<string, unknown>>
  /** Of the steps that were compiled before; all that this one refers to are among them. */
  readonly factsByStep: ReadonlyMap<string, OutputFacts>
}

export type CompiledStep = { readonly price: StepPrice; readonly models: readonly ServedModel[] }

/** A step's filled body holds at most this much that other steps say; what a step gives out is smaller still. */
const LATER_BYTES_MAX = 25 * 1024 * 1024

/** More pictures than any real request; each is decoded. The same number as on the chat endpoint. */
const PICTURES_MAX = 16

/** What stands for a file until it is read; no URL of a caller's is equal to it, since it is compared by place. */
const FILE_STAND_IN = 'data:image/png;base64,'

/** @throws GatewayError as `compile`, with paths relative to `with` */
export async function compileStep(step: Step, options: CompileStepOptions): Promise<CompiledStep> {
  const { files, prices, directory } = options
  const uses: FileUse[] = []
  const slotOf = slotReader(options.factsByStep)
  const filled = fillStep(step, {
    slotOf,
    resolve: (from) => (from.stepId === null ? valueAt(options.input, from.path) : standIn(slotOf(from))),
    writeFile: (use) => {
      uses.push(use)
      return FILE_STAND_IN
    },
  })
  const laterBytesMax = boundLater(step, slotOf)
  const read = readStepBody(step, filled, options.contract)
  switch (read.use) {
    case 'chat':
      return await compileChat(step, { chat: read.body, uses, laterBytesMax, ...options })
    case 'image.recognize': {
      const detail = read.body.detail ?? 'auto'
      const chat = writeRecognitionChat(read.body.image, detail)
      const moved = uses.map((use) => ({ ...use, param: RECOGNITION_PICTURE }))
      return await compileChat(step, { chat, uses: moved, laterBytesMax, ...options })
    }
    case 'audio.transcribe': {
      const models = findModels(directory, step, false)
      const [recording] = uses
      if (recording?.kind !== 'recording') {
        throw invalid('file', 'must be a stored recording, as {"$file": "file-…"} or from the input')
      }
      const seconds = await files.measureRecording(recording.fileId, 'file')
      return { models, price: priceTranscription(seconds, models, prices) }
    }
    case 'image.generate': {
      const models = findModels(directory, step, false)
      return { models, price: pricePictures(readPaintOrder(read.body).count, models, prices) }
    }
    case 'text.concat': {
      const known = read.body.parts.join(read.body.separator ?? '')
      return { models: [], price: priceConcat(Buffer.byteLength(known) + laterBytesMax) }
    }
  }
}

/** Where the picture stands in the chat of a recognition. */
const RECOGNITION_PICTURE = 'messages.0.content.1.image_url.url'

async function compileChat(
  step: Step,
  options: CompileStepOptions & {
    readonly chat: ChatBody
    readonly uses: readonly FileUse[]
    readonly laterBytesMax: number
  },
): Promise<CompiledStep> {
  const { chat, uses, laterBytesMax, prices } = options
  const parts = listPictures(chat.messages)
  if (parts.length > PICTURES_MAX) throw invalid('messages', `at most ${PICTURES_MAX} pictures can be in it`)
  const models = findModels(options.directory, step, parts.length > 0)
  const pictures: Picture[] = []
  let pictureCount = 0
  for (const { path, url, detail } of parts) {
    const use = uses.find(({ param }) => param === path)
    if (use?.isMade) {
      pictureCount += 1
      continue
    }
    const param = step.use === 'chat' ? path : 'image'
    const picture = await (use
      ? options.files.inspectPicture(use.fileId, param)
      : options.files.inspectDataUrl(url, param))
    pictures.push({ width: picture.width, height: picture.height, detail })
  }
  const use = step.use === 'chat' ? 'chat' : 'image.recognize'
  return {
    models,
    price: priceChat({ use, body: chat, models, pictures, pictureCount, laterBytesMax }, prices),
  }
}

/** Reads what references to steps lead to. */
export function slotReader(factsByStep: ReadonlyMap<string, OutputFacts>): (from: From) => Slot | null {
  return ({ stepId, path }) => {
    const facts = stepId === null ? undefined : factsByStep.get(stepId)
    return facts ? describeSlot(facts, path) : null
  }
}

/** Something of the right kind, so that everything around it is checked as it will be. */
function standIn(slot: Slot | null): unknown {
  switch (slot?.kind) {
    case 'number':
      return 1
    case 'picture':
      return { file: '' }
    default:
      return 'x'
  }
}

/** What other steps can put into the texts of a step, UTF-8 bytes. */
function boundLater(step: Step, slotOf: (from: From) => Slot | null): number {
  let bytes = 0
  for (const { from } of listReferences(step.with)) {
    const slot = from.stepId === null ? null : slotOf(from)
    if (slot && slot.kind !== 'picture') bytes += laterBytesOf(from, slot)
  }
  if (bytes <= LATER_BYTES_MAX) return bytes
  const most = LATER_BYTES_MAX / 1024 / 1024
  throw new GatewayError(
    'invalid_request',
    `Other steps could put ${bytes} bytes into it; ${most} MiB are the most.`,
  )
}
