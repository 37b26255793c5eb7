/** A subnet as runtime APIs show it, decoded once for each block and mechanism. */
import { mechanismIndex, subtensor } from '../runtime/pallets.ts'
import { readOptional, readValue, type StateReader } from '../runtime/storage.ts'
import { type AxonInfo, METAGRAPH_FIELDS, type MetagraphFields } from '../runtime/subtensor-types.ts'
import { ByteSource } from '../scale/bytes.ts'
import type { Codec } from '../scale/codec.ts'

type MetagraphView = Partial<MetagraphFields>

/** What the API shows for neurons that never published anything. */
const NO_AXON: AxonInfo = {
  block: 0n,
  version: 0,
  ip: 0n,
  port: 0,
  ip_type: 0,
  protocol: 0,
  placeholder1: 0,
  placeholder2: 0,
}

const NO_PROMETHEUS = { block: 0n, version: 0, ip: 0n, port: 0, ip_type: 0 }

const VIEWS_MAX = 64

const FIELD_NAMES = Object.keys(METAGRAPH_FIELDS)

/** Remembers the last views. */
export class MetagraphViews {
  readonly #views = new Map<string, MetagraphView | null>()

  /** Null when there is no such subnet or mechanism. */
  get(
    block: { readonly hash: string; readonly number: number; readonly state: StateReader },
    netuid: number,
    mechid: number,
  ): MetagraphView | null {
    const key = `${block.hash} ${netuid} ${mechid}`
    const known = this.#views.get(key)
    if (known !== undefined) return known
    const view = buildView(block.state, { netuid, mechid, blockNumber: block.number })
    const [oldest] = this.#views.keys()
    if (this.#views.size >= VIEWS_MAX && oldest !== undefined) this.#views.delete(oldest)
    this.#views.set(key, view)
    return view
  }
}

/** Keeps the members that were asked for by index. The netuid is 0 unless it was asked for, as on the real chain. */
export function selectFields(view: MetagraphView, indexes: readonly number[]): Record<string, unknown> {
  const wanted = new Set(indexes)
  const values: Readonly<Record<string, unknown>> = view
  const codecs: Readonly<Record<string, Codec<unknown>>> = METAGRAPH_FIELDS
  return Object.fromEntries(
    FIELD_NAMES.map((name, index) => {
      if (!wanted.has(index)) return [name, index === 0 ? 0 : null]
      return [name, values[name] ?? zeroOf(codecs[name])]
    }),
  )
}

/** As `get_neurons_lite` shows them. `rank`, `trust` and `pruning_score` are the constants that the real chain fills in. */
export function listNeuronsLite(view: MetagraphView, state: StateReader) {
  const { netuid = 0, hotkeys = [] } = view
  const validatorTrust = readValue(state, subtensor.validatorTrust, netuid)
  return hotkeys.map((hotkey, uid) => ({
    hotkey,
    coldkey: view.coldkeys?.[uid] ?? hotkey,
    uid,
    netuid,
    active: view.active?.[uid] ?? false,
    axon_info: view.axons?.[uid] ?? NO_AXON,
    prometheus_info: NO_PROMETHEUS,
    stake: [[view.coldkeys?.[uid] ?? hotkey, view.alpha_stake?.[uid] ?? 0n] as const],
    rank: 0,
    emission: view.emission?.[uid] ?? 0n,
    incentive: view.incentives?.[uid] ?? 0,
    consensus: view.consensus?.[uid] ?? 0,
    trust: 0,
    validator_trust: validatorTrust[uid] ?? 0,
    dividends: view.dividends?.[uid] ?? 0,
    last_update: view.last_update?.[uid] ?? 0n,
    validator_permit: view.validator_permit?.[uid] ?? false,
    pruning_score: 65_535,
  }))
}

function buildView(
  state: StateReader,
  { netuid, mechid, blockNumber }: { netuid: number; mechid: number; blockNumber: number },
): MetagraphView | null {
  const exists = readValue(state, subtensor.networksAdded, netuid)
  if (!exists || mechid >= readValue(state, subtensor.mechanismCount, netuid)) return null
  const index = mechanismIndex(netuid, mechid)
  const uids = Array.from({ length: readValue(state, subtensor.subnetworkN, netuid) }, (_, uid) => uid)
  const hotkeys = uids.map((uid) => readValue(state, subtensor.keys, netuid, uid))
  const alphaStake = hotkeys.map((hotkey) => readValue(state, subtensor.totalHotkeyAlpha, hotkey, netuid))
  const tempo = readValue(state, subtensor.tempo, netuid)
  const identity = readOptional(state, subtensor.subnetIdentity, netuid)
  const sinceStep = blockNumber % (tempo + 1)
  return {
    netuid,
    name: [...(identity?.subnet_name ?? new TextEncoder().encode('unknown'))],
    symbol: [...readValue(state, subtensor.tokenSymbol, netuid)],
    identity,
    network_registered_at: readValue(state, subtensor.networkRegisteredAt, netuid),
    owner_hotkey: readValue(state, subtensor.subnetOwnerHotkey, netuid),
    owner_coldkey: readValue(state, subtensor.subnetOwner, netuid),
    block: BigInt(blockNumber),
    tempo,
    last_step: BigInt(blockNumber - sinceStep),
    blocks_since_last_step: BigInt(sinceStep),
    alpha_in: readValue(state, subtensor.subnetAlphaIn, netuid),
    alpha_out: readValue(state, subtensor.subnetAlphaOut, netuid),
    tao_in: readValue(state, subtensor.subnetTao, netuid),
    num_uids: uids.length,
    max_uids: readValue(state, subtensor.maxAllowedUids, netuid),
    hotkeys,
    coldkeys: hotkeys.map((hotkey) => readValue(state, subtensor.owner, hotkey)),
    axons: hotkeys.map((hotkey) => readOptional(state, subtensor.axons, netuid, hotkey) ?? NO_AXON),
    active: readValue(state, subtensor.active, netuid),
    validator_permit: readValue(state, subtensor.validatorPermit, netuid),
    last_update: readValue(state, subtensor.lastUpdate, index),
    emission: readValue(state, subtensor.emission, netuid),
    dividends: readValue(state, subtensor.dividends, netuid),
    incentives: readValue(state, subtensor.incentive, index),
    consensus: readValue(state, subtensor.consensus, netuid),
    block_at_registration: uids.map((uid) => readValue(state, subtensor.blockAtRegistration, netuid, uid)),
    alpha_stake: alphaStake,
    tao_stake: alphaStake.map(() => 0n),
    total_stake: alphaStake,
  }
}

/** What a runtime shows of things that are not simulated: zero, false, nothing. */
function zeroOf(codec: Codec<unknown> | undefined): unknown {
  return codec?.decode(new ByteSource(new Uint8Array(64)))
}
