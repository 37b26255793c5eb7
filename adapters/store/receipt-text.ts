/** A receipt as JSON text and back. Amounts are strings in it, and the same receipt always gives the same text. */
import { z } from 'zod'
import { GatewayError } from '../../src/errors.ts'
import type { Receipt } from '../../src/ports/ledger.ts'
import { RAO_MAX } from '../../src/units.ts'

/** @throws GatewayError `internal_error` when amounts do not fit together: such a receipt must never be written */
export function encodeReceipt(receipt: Receipt): string {
  const { heldRao, capturedRao, releasedRao } = receipt
  const isSound =
    capturedRao >= 0n && releasedRao >= 0n && heldRao <= RAO_MAX && capturedRao + releasedRao <= heldRao
  if (!isSound) {
    throw new GatewayError('internal_error', 'The amounts of a receipt do not fit together.', {
      cause: `${receipt.id}: captured ${capturedRao} and released ${releasedRao} of ${heldRao} held`,
    })
  }
  const { provider } = receipt
  // Written out member by member: the order in which the caller built the object must not matter.
  return JSON.stringify({
    id: receipt.id,
    requestId: receipt.requestId,
    accountId: receipt.accountId,
    keyId: receipt.keyId,
    model: receipt.model,
    capability: receipt.capability,
    priceVersion: receipt.priceVersion,
    lines: receipt.lines.map(({ meter, units, rao, per, costRao }) => ({
      meter,
      units: units.toString(),
      rao: rao.toString(),
      per: per.toString(),
      costRao: costRao.toString(),
    })),
    heldRao: heldRao.toString(),
    capturedRao: capturedRao.toString(),
    releasedRao: releasedRao.toString(),
    provider: {
      netuid: provider.netuid,
      mechid: provider.mechid,
      hotkey: provider.hotkey,
      uid: provider.uid,
      incentive: provider.incentive,
      block: provider.block,
    },
    attempts: receipt.attempts,
    outputSha256: receipt.outputSha256,
    runId: receipt.runId,
    stepId: receipt.stepId,
    createdAt: receipt.createdAt,
  })
}

const integerText = z
  .string()
  .regex(/^(0|[1-9][0-9]*)$/)
  .transform((text) => BigInt(text))

const receiptSchema = z.strictObject({
  id: z.string(),
  requestId: z.string(),
  accountId: z.string(),
  keyId: z.string(),
  model: z.string(),
  capability: z.string(),
  priceVersion: z.string(),
  lines: z.array(
    z.strictObject({
      meter: z.string(),
      units: integerText,
      rao: integerText,
      per: integerText,
      costRao: integerText,
    }),
  ),
  heldRao: integerText,
  capturedRao: integerText,
  releasedRao: integerText,
  provider: z.strictObject({
    netuid: z.number().nullable(),
    mechid: z.number(),
    hotkey: z.string(),
    uid: z.number().nullable(),
    incentive: z.number().nullable(),
    block: z.number().nullable(),
  }),
  attempts: z.number(),
  outputSha256: z.string(),
  runId: z.string().nullable(),
  stepId: z.string().nullable(),
  createdAt: z.string(),
})

/** @throws ZodError when the text is not a receipt */
export const decodeReceipt = (text: string): Receipt => receiptSchema.parse(JSON.parse(text))
