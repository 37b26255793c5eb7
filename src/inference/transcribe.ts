/** The transcription verb: a decoded recording in, words out. */
import { isLeft } from '../billing/goodwill.ts'
import { GatewayError } from '../errors.ts'
import type { Receipt } from '../ports/ledger.ts'
import type { TranscriptionAnswer } from '../ports/miner.ts'
import type { ServedModel } from './experts.ts'
import { admit, type Caller, describeCharge, type PayOptions, sha256Hex } from './pay.ts'
import type { Performed, Performer } from './perform.ts'

export type TranscriptionOrder = {
  readonly model: ServedModel
  /** WAV, 16 kHz, mono, 16-bit PCM, as decoded by the gateway. */
  readonly wav: Uint8Array
  /** Of decoded sound; this is what is charged. */
  readonly durationSeconds: number
  readonly language: string | null
  readonly prompt: string | null
  readonly temperature: number | null
}

export type Transcribed = {
  readonly answer: TranscriptionAnswer
  readonly receipt: Receipt
  readonly performed: Performed
}

/** Milliseconds of sound, a part of one counted whole. */
export function audioUnits(durationSeconds: number) {
  return { audio_ms: BigInt(Math.ceil(durationSeconds * 1000)) }
}

/** @throws GatewayError as `Purse.reserve` and `Performer.perform`; nothing is charged then */
export async function transcribe(
  caller: Caller,
  order: TranscriptionOrder,
  { performer, signal, ...pay }: PayOptions & { readonly performer: Performer; readonly signal: AbortSignal },
): Promise<Transcribed> {
  const units = audioUnits(order.durationSeconds)
  const { reservation, prices } = await admit(caller, { model: order.model.listedId, unitsMax: units }, pay)
  try {
    const performed = await performer.perform({
      accountId: caller.accountId,
      capability: 'audio.transcribe',
      models: [order.model],
      priceRao: () => reservation.heldRao,
      work: (model) => ({
        kind: 'transcription',
        model: model.upstreamModel,
        wav: order.wav,
        durationSeconds: order.durationSeconds,
        language: order.language,
        prompt: order.prompt,
        temperature: order.temperature,
      }),
      signal,
    })
    performed.finish('whole')
    const { answer } = performed
    if (answer.kind !== 'transcription')
      throw new GatewayError('internal_error', 'The dialect answered another kind of work.')
    const outputSha256 = sha256Hex(answer.text)
    const receipt = await pay.purse.settle(
      reservation,
      describeCharge(performed, { prices, capability: 'audio.transcribe', units, outputSha256 }),
    )
    return { answer, receipt, performed }
  } catch (thrown) {
    if (isLeft(signal)) pay.goodwill?.noteLeft(caller.accountId)
    await pay.purse.void(reservation)
    throw thrown
  }
}
