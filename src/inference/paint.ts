/** The image generation verb: words in, pictures out. */
import { isLeft } from '../billing/goodwill.ts'
import { GatewayError } from '../errors.ts'
import type { Receipt } from '../ports/ledger.ts'
import type { Media } from '../ports/media.ts'
import type { ImageAnswer, ImageWork } from '../ports/miner.ts'
import type { ServedModel } from './experts.ts'
import { admit, type Caller, describeCharge, type PayOptions, sha256Hex } from './pay.ts'
import type { Performed, Performer } from './perform.ts'

export type PaintOrder = Omit<ImageWork, 'kind' | 'model'> & { readonly model: ServedModel }

export type PaintedImage = {
  readonly bytes: Uint8Array
  readonly mime: string
  /** Measured from the bytes. */
  readonly width: number
  readonly height: number
}

export type Painted = {
  readonly images: readonly PaintedImage[]
  readonly revisedPrompt: string | null
  readonly receipt: Receipt
  readonly performed: Performed
}

export type PaintOptions = PayOptions & {
  readonly performer: Performer
  readonly media: Media
  readonly signal: AbortSignal
  /** Done with the pictures before they are charged, so that a failure of it charges nothing. */
  readonly beforeCharge?: (images: readonly PaintedImage[]) => Promise<void>
}

export const imageUnits = (count: number) => ({ image: BigInt(count) })

/** @throws GatewayError as `Purse.reserve` and `Performer.perform`; nothing is charged then */
export async function paint(caller: Caller, order: PaintOrder, options: PaintOptions): Promise<Painted> {
  const { performer, media, signal, beforeCharge, ...pay } = options
  const { reservation, prices } = await admit(
    caller,
    { model: order.model.listedId, unitsMax: imageUnits(order.count) },
    pay,
  )
  try {
    const performed = await performer.perform({
      accountId: caller.accountId,
      capability: 'image.generate',
      models: [order.model],
      priceRao: () => reservation.heldRao,
      work: (model) => ({ ...order, kind: 'image', model: model.upstreamModel }),
      signal,
    })
    performed.finish('whole')
    const { answer } = performed
    if (answer.kind !== 'image')
      throw new GatewayError('internal_error', 'The dialect answered another kind of work.')
    const images = await measureImages(answer, media, signal)
    await beforeCharge?.(images)
    const receipt = await pay.purse.settle(
      reservation,
      describeCharge(performed, {
        prices,
        capability: 'image.generate',
        units: imageUnits(images.length),
        outputSha256: sha256Hex(Buffer.concat(images.map(({ bytes }) => bytes))),
      }),
    )
    return { images, revisedPrompt: answer.revisedPrompt, receipt, performed }
  } catch (thrown) {
    if (isLeft(signal)) pay.goodwill?.noteLeft(caller.accountId)
    await pay.purse.void(reservation)
    throw thrown
  }
}

/** Decodes what a miner calls a picture. @throws GatewayError `expert_bad_response` when one is not */
export async function measureImages(
  answer: ImageAnswer,
  media: Media,
  signal: AbortSignal,
): Promise<readonly PaintedImage[]> {
  const images: PaintedImage[] = []
  for (const { bytes } of answer.images) {
    try {
      images.push({ bytes, ...(await media.inspectImage(bytes, { signal })) })
    } catch (cause) {
      if (signal.aborted) throw cause
      throw new GatewayError(
        'expert_bad_response',
        'The miner sent a picture that cannot be decoded. Nothing was charged.',
        { cause },
      )
    }
  }
  return images
}
