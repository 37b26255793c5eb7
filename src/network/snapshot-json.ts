/** A snapshot as JSON: rao as decimal text, everything else as it is; read back strictly, since it decides who is called. */
import { z } from 'zod'
import type { Metagraph } from '../ports/chain.ts'

const rao = z
  .string()
  .regex(/^\d{1,39}$/)
  .transform(BigInt)

const neuronSchema = z.strictObject({
  uid: z.number().int(),
  hotkey: z.string(),
  coldkey: z.string(),
  incentive: z.number().int().min(0).max(65_535),
  emissionAlphaRao: rao,
  validatorPermit: z.boolean(),
  active: z.boolean(),
  stakeRao: rao,
  lastUpdateBlock: z.number().int(),
  registeredAtBlock: z.number().int(),
  axon: z
    .strictObject({
      ip: z.string(),
      port: z.number().int(),
      ipType: z.union([z.literal(4), z.literal(6)]),
      version: z.number(),
    })
    .nullable(),
})

const metagraphSchema = z.strictObject({
  netuid: z.number().int(),
  mechid: z.number().int(),
  block: z.number().int(),
  blockHash: z.string(),
  genesisHash: z.string(),
  name: z.string(),
  networkRegisteredAtBlock: z.number().int(),
  ownerHotkey: z.string(),
  ownerColdkey: z.string(),
  tempo: z.number().int(),
  neurons: z.array(neuronSchema).max(65_536),
})

export function convertMetagraph(metagraph: Metagraph): unknown {
  return {
    ...metagraph,
    neurons: metagraph.neurons.map((neuron) => ({
      ...neuron,
      emissionAlphaRao: neuron.emissionAlphaRao.toString(),
      stakeRao: neuron.stakeRao.toString(),
    })),
  }
}

/** @returns null when it is not a snapshot of this version's shape: it is then read from the chain anew */
export function parseMetagraph(json: unknown): Metagraph | null {
  const parsed = metagraphSchema.safeParse(json)
  return parsed.success ? parsed.data : null
}
