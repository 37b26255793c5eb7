/** An image generation step. Pictures are stored as files before the step is committed; the output names them. */
import { GatewayError } from '../../errors.ts'
import { imageUnits, measureImages, type PaintedImage } from '../../inference/paint.ts'
import { type PaintRequest, readPaintOrder } from '../../inference/paint-order.ts'
import { sha256Hex } from '../../inference/pay.ts'
import type { Performed } from '../../inference/perform.ts'
import { MinerFailure } from '../../ports/miner.ts'
import type { StoredFile } from '../../ports/store.ts'
import { priceOf } from '../admission/price-step.ts'
import { REVISED_PROMPT_BYTES_MAX } from '../language/output-shapes.ts'
import { affordableModels } from './affordable-models.ts'
import type { FilledBody } from './fill-body.ts'
import { cutBytes } from './recognition.ts'
import { dispatch, type StepOrder, type StepResult, type StepTools } from './step-order.ts'

/** @throws GatewayError as `Performer.perform` · `insufficient_quota`; no file is left then */
export async function performPictures(
  { body }: FilledBody & { readonly body: PaintRequest },
  order: StepOrder,
  tools: StepTools,
): Promise<StepResult> {
  const work = readPaintOrder(body)
  const units = imageUnits(work.count)
  const performed = await dispatch(order, tools, {
    capability: 'image.generate',
    models: affordableModels(units, order, tools),
    priceRao: (model) => priceOf(model, units, order.prices),
    work: (model) => ({ ...work, kind: 'image', model: model.upstreamModel }),
  })
  const { images, revisedPrompt } = await readPictures(performed, order, tools)
  const files = await storeAll(images, order, tools)
  const items = files.map((file) => ({
    file: file.id,
    mime: file.mime,
    width: file.width,
    height: file.height,
    url: tools.files.urlOf(file, undefined),
  }))
  return {
    output: {
      items,
      count: items.length,
      revised_prompt: revisedPrompt === null ? null : cutBytes(revisedPrompt, REVISED_PROMPT_BYTES_MAX),
    },
    preview: { count: items.length, items: items.map(({ url: _url, ...item }) => item) },
    receipt: order.bill({
      performed,
      capability: 'image.generate',
      units: imageUnits(items.length),
      outputSha256: sha256Hex(Buffer.concat(images.map(({ bytes }) => bytes))),
    }),
    performed,
    madeFileIds: files.map(({ id }) => id),
  }
}

async function readPictures(performed: Performed, { signal }: StepOrder, { media }: StepTools) {
  const { answer } = performed
  if (answer.kind !== 'image') {
    performed.finish('abandoned')
    throw new GatewayError('internal_error', 'The dialect answered another kind of work.')
  }
  try {
    const images = await measureImages(answer, media, signal)
    performed.finish('whole')
    return { images, revisedPrompt: answer.revisedPrompt }
  } catch (thrown) {
    performed.finish(
      signal.aborted ? 'abandoned' : new MinerFailure('garbage', 'not a picture', { cause: thrown }),
    )
    throw thrown
  }
}

/** All or none. */
async function storeAll(
  images: readonly PaintedImage[],
  { accountId }: StepOrder,
  { files }: StepTools,
): Promise<readonly StoredFile[]> {
  const stored: StoredFile[] = []
  try {
    for (const { bytes, mime, width, height } of images) {
      stored.push(await files.put(accountId, { bytes, mime, width, height }))
    }
    return stored
  } catch (thrown) {
    // What cannot be removed either is an unused file of the account; the failure that led here matters more.
    await Promise.allSettled(stored.map(({ id }) => files.remove(id, accountId)))
    throw thrown
  }
}
