/** From what the chain's own types decode to, to the words of the port. Pure. */
import { encodeAddress } from '@polkadot/util-crypto'
import type { Axon, Metagraph, Neuron } from '../../src/ports/chain.ts'
import { asAccount, asBigint, asBoolean, asList, asNullable, asNumber, asRecord, asText } from './narrow.ts'

/** Bittensor's ss58 prefix. */
const SS58_PREFIX = 42

/** More accounts than the subnets of a gateway have together. */
const ADDRESSES_MAX = 50_000

const addresses = new Map<string, string>()

/** The ss58 text of 32 bytes. Remembered: hotkeys seldom change, and the text takes a hash and a base conversion. */
export function toAddress(account: Uint8Array): string {
  const key = Buffer.from(account).toString('latin1')
  const known = addresses.get(key)
  if (known !== undefined) return known
  if (addresses.size >= ADDRESSES_MAX) addresses.clear()
  const address = encodeAddress(account, SS58_PREFIX)
  addresses.set(key, address)
  return address
}

/** A subnet in columns, each in order of uid. Columns may be shorter than the list of hotkeys while a runtime migrates. */
export type Columns = {
  readonly name: string | null
  readonly registeredAtBlock: number
  readonly ownerHotkey: Uint8Array
  readonly ownerColdkey: Uint8Array
  readonly tempo: number
  readonly hotkeys: readonly Uint8Array[]
  readonly coldkeys: readonly Uint8Array[]
  readonly axons: readonly (Axon | null)[]
  readonly active: readonly boolean[]
  readonly validatorPermit: readonly boolean[]
  readonly lastUpdate: readonly number[]
  readonly emission: readonly bigint[]
  readonly incentive: readonly number[]
  readonly registeredAt: readonly number[]
  readonly stake: readonly bigint[] | null
}

/**
 * Reads the columns by the names that the runtime has for them.
 *
 * @throws Error when one is missing or of another kind
 */
export function parseColumns(value: unknown): Columns {
  const subnet = asRecord(value)
  return {
    name: asNullable(asText)(subnet.name),
    registeredAtBlock: asNumber(subnet.network_registered_at),
    ownerHotkey: asAccount(subnet.owner_hotkey),
    ownerColdkey: asAccount(subnet.owner_coldkey),
    tempo: asNumber(subnet.tempo),
    hotkeys: asList(asAccount)(subnet.hotkeys),
    coldkeys: asList(asAccount)(subnet.coldkeys),
    axons: asList(parseAxon)(subnet.axons),
    active: asList(asBoolean)(subnet.active),
    validatorPermit: asList(asBoolean)(subnet.validator_permit),
    lastUpdate: asList(asNumber)(subnet.last_update),
    emission: asList(asBigint)(subnet.emission),
    incentive: asList(asNumber)(subnet.incentives),
    registeredAt: asList(asNumber)(subnet.block_at_registration),
    stake: asNullable(asList(asBigint))(subnet.total_stake),
  }
}

/** Where and when the columns were read. */
export type Place = Pick<Metagraph, 'netuid' | 'mechid' | 'block' | 'blockHash' | 'genesisHash'>

/** @throws Error when a hotkey has no coldkey */
export function convertMetagraph(place: Place, subnet: Columns): Metagraph {
  return {
    ...place,
    name: subnet.name ?? '',
    networkRegisteredAtBlock: subnet.registeredAtBlock,
    ownerHotkey: toAddress(subnet.ownerHotkey),
    ownerColdkey: toAddress(subnet.ownerColdkey),
    tempo: subnet.tempo,
    neurons: subnet.hotkeys.map((hotkey, uid) => convertNeuron(subnet, uid, hotkey)),
  }
}

function convertNeuron(subnet: Columns, uid: number, hotkey: Uint8Array): Neuron {
  return {
    uid,
    hotkey: toAddress(hotkey),
    coldkey: toAddress(asAccount(subnet.coldkeys[uid])),
    incentive: subnet.incentive[uid] ?? 0,
    emissionAlphaRao: subnet.emission[uid] ?? 0n,
    validatorPermit: subnet.validatorPermit[uid] ?? false,
    active: subnet.active[uid] ?? false,
    stakeRao: subnet.stake?.[uid] ?? 0n,
    lastUpdateBlock: subnet.lastUpdate[uid] ?? 0,
    registeredAtBlock: subnet.registeredAt[uid] ?? 0,
    axon: subnet.axons[uid] ?? null,
  }
}

/** Null for what serves nothing: an address or a port of zero. A type that is neither 4 nor 6 cannot be an address either. */
export function parseAxon(value: unknown): Axon | null {
  if (value === null) return null
  const axon = asRecord(value)
  const ip = asBigint(axon.ip)
  const port = asNumber(axon.port)
  const ipType = asNumber(axon.ip_type)
  if (ip === 0n || port === 0 || (ipType !== 4 && ipType !== 6)) return null
  return { ip: formatAddress(ip, ipType), port, ipType, version: asNumber(axon.version) }
}

/** The literal address of the number on chain. A type 4 with more than 32 bits is written as IPv6, as its bits say. */
function formatAddress(ip: bigint, ipType: 4 | 6): string {
  if (ipType === 4 && ip < 2n ** 32n) {
    const bits = Number(ip)
    return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((ip >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  )
  return groups.join(':')
}
