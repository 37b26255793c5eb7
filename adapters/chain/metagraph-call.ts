/** Reads a subnet in one runtime call: one block, one answer, only the columns that are used. */
import { z } from 'zod'
import { type Columns, parseColumns } from './convert.ts'
import { asNumber, asRecord } from './narrow.ts'
import type { RuntimeView } from './runtime.ts'
import type { Transport } from './transport.ts'

const API = 'SubnetInfoRuntimeApi'
const METHOD = 'get_selective_mechagraph'

/**
 * Index of each column, as the runtime counts them (pallets/subtensor/src/rpc_info/metagraph.rs, `SelectiveMetagraphIndex`,
 * opentensor/subtensor @ 14bc6f9f9, 2026-06-30).
 */
const COLUMN_INDEX = {
  netuid: 0,
  name: 1,
  network_registered_at: 4,
  owner_hotkey: 5,
  owner_coldkey: 6,
  tempo: 8,
  hotkeys: 52,
  coldkeys: 53,
  axons: 55,
  active: 56,
  validator_permit: 57,
  last_update: 59,
  emission: 60,
  incentives: 62,
  block_at_registration: 66,
  total_stake: 69,
} as const

/** What a call of this runtime needs; null when the runtime has no such method. */
export type MetagraphMethod = {
  encode(netuid: number, mechid: number): string
  decode(bytes: Uint8Array): unknown
}

/** Finds the method in the metadata. */
export function findMetagraphMethod({ metadata, registry, decoder }: RuntimeView): MetagraphMethod | null {
  const api = metadata.asLatest.apis.find(({ name }) => name.toString() === API)
  const method = api?.methods.find(({ name }) => name.toString() === METHOD)
  if (method?.inputs.length !== 3) return null
  const types = method.inputs.map(({ type }) => registry.createLookupType(type))
  return {
    encode: (netuid, mechid) => {
      const values = [netuid, mechid, Object.values(COLUMN_INDEX)]
      const parts = types.map((type, index) => registry.createType(type, values[index]).toU8a())
      return `0x${Buffer.concat(parts).toString('hex')}`
    },
    decode: (bytes) => decoder.decode(method.output.toNumber(), bytes),
  }
}

/** @throws Error when the subnet or the mechanism does not exist, or the answer has another shape */
export async function callMetagraph(
  transport: Transport,
  method: MetagraphMethod,
  at: { readonly netuid: number; readonly mechid: number; readonly blockHash: string },
): Promise<Columns> {
  const answer = await transport.call('state_call', [
    `${API}_${METHOD}`,
    method.encode(at.netuid, at.mechid),
    at.blockHash,
  ])
  return parseMetagraph(method.decode(readHex(answer)), at.netuid)
}

/** @throws Error when it is none, or another subnet's */
export function parseMetagraph(decoded: unknown, netuid: number): Columns {
  if (decoded === null) throw new Error(`Subnet ${netuid} or its mechanism does not exist.`)
  const named = asNumber(asRecord(decoded).netuid)
  // A mechanism's answer may carry its storage index: netuid + 4096 · mechid.
  if (named % 4096 !== netuid) throw new Error(`Asked for subnet ${netuid}, got ${named}.`)
  return parseColumns(decoded)
}

/** Bytes of a hex answer. @throws Error when it is none */
export function readHex(answer: unknown): Uint8Array {
  const text = z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})*$/)
    .parse(answer)
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'))
}
