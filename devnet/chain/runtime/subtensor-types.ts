/**
 * Structs that Subtensor's runtime APIs answer with. Field names and order are those of the metadata of spec 424 (July 2026); numbers have
 * the named types of spec 432 and later, and `collateral_*` stand at the end as in newer runtimes.
 */

import type { Codec, ValueOf } from '../scale/codec.ts'
import { bytes, option, pair, vec } from '../scale/collections.ts'
import { struct } from '../scale/named.ts'
import { bool, compact, i128, u8, u16, u32, u64, u128 } from '../scale/numbers.ts'
import { accountId, alphaBalance, netuid, perU16, taoBalance } from './primitives.ts'

export const axonInfo = struct('pallet_subtensor::pallet::AxonInfo', {
  block: u64,
  version: u32,
  ip: u128,
  port: u16,
  ip_type: u8,
  protocol: u8,
  placeholder1: u8,
  placeholder2: u8,
})

export type AxonInfo = ValueOf<typeof axonInfo>

const prometheusInfo = struct('pallet_subtensor::pallet::PrometheusInfo', {
  block: u64,
  version: u32,
  ip: u128,
  port: u16,
  ip_type: u8,
})

export const neuronInfoLite = struct('pallet_subtensor::rpc_info::neuron_info::NeuronInfoLite', {
  hotkey: accountId,
  coldkey: accountId,
  uid: compact(u16),
  netuid: compact(netuid),
  active: bool,
  axon_info: axonInfo,
  prometheus_info: prometheusInfo,
  stake: vec(pair(accountId, compact(alphaBalance))),
  rank: compact(perU16),
  emission: compact(alphaBalance),
  incentive: compact(perU16),
  consensus: compact(perU16),
  trust: compact(perU16),
  validator_trust: compact(perU16),
  dividends: compact(perU16),
  last_update: compact(u64),
  validator_permit: bool,
  pruning_score: compact(u16),
})

export const subnetIdentity = struct('pallet_subtensor::pallet::SubnetIdentityV3', {
  subnet_name: bytes,
  github_repo: bytes,
  subnet_contact: bytes,
  subnet_url: bytes,
  discord: bytes,
  description: bytes,
  logo_url: bytes,
  additional: bytes,
})

const chainIdentity = struct('pallet_subtensor::pallet::ChainIdentityV2', {
  name: bytes,
  url: bytes,
  github_repo: bytes,
  image: bytes,
  discord: bytes,
  description: bytes,
  additional: bytes,
})

const characters = vec(compact(u8))
const scores = vec(compact(perU16))
const counts = vec(compact(u64))
const sums = vec(compact(alphaBalance))
const dividends = vec(pair(accountId, compact(alphaBalance)))
const short = compact(u16)
const long = compact(u64)
const tao = compact(taoBalance)
const alpha = compact(alphaBalance)

/** What may be asked for by index: the index of a member is its place here. Index 0, the netuid, is always there. */
export const METAGRAPH_FIELDS = {
  netuid: compact(netuid),
  name: characters,
  symbol: characters,
  identity: option(subnetIdentity),
  network_registered_at: long,
  owner_hotkey: accountId,
  owner_coldkey: accountId,
  block: long,
  tempo: short,
  last_step: long,
  blocks_since_last_step: long,
  subnet_emission: long,
  alpha_in: alpha,
  alpha_out: alpha,
  tao_in: tao,
  alpha_out_emission: alpha,
  alpha_in_emission: alpha,
  tao_in_emission: tao,
  pending_alpha_emission: alpha,
  pending_root_emission: tao,
  subnet_volume: compact(u128),
  moving_price: struct('substrate_fixed::FixedI128', { bits: i128 }),
  rho: short,
  kappa: short,
  min_allowed_weights: short,
  max_weights_limit: short,
  weights_version: long,
  weights_rate_limit: long,
  activity_cutoff: long,
  max_validators: short,
  num_uids: short,
  max_uids: short,
  burn: tao,
  difficulty: long,
  registration_allowed: bool,
  pow_registration_allowed: bool,
  immunity_period: short,
  min_difficulty: long,
  max_difficulty: long,
  min_burn: tao,
  max_burn: tao,
  adjustment_alpha: long,
  adjustment_interval: short,
  target_regs_per_interval: short,
  max_regs_per_block: short,
  serving_rate_limit: long,
  commit_reveal_weights_enabled: bool,
  commit_reveal_period: long,
  liquid_alpha_enabled: bool,
  alpha_high: short,
  alpha_low: short,
  bonds_moving_avg: long,
  hotkeys: vec(accountId),
  coldkeys: vec(accountId),
  identities: vec(option(chainIdentity)),
  axons: vec(axonInfo),
  active: vec(bool),
  validator_permit: vec(bool),
  pruning_score: scores,
  last_update: counts,
  emission: sums,
  dividends: scores,
  incentives: scores,
  consensus: scores,
  trust: scores,
  rank: scores,
  block_at_registration: counts,
  alpha_stake: sums,
  tao_stake: vec(tao),
  total_stake: vec(tao),
  tao_dividends_per_hotkey: dividends,
  alpha_dividends_per_hotkey: dividends,
  validators: vec(short),
  commitments: vec(pair(accountId, characters)),
  collateral_locked: sums,
  collateral_min: sums,
  collateral_earned: sums,
} as const

export type MetagraphFields = {
  readonly [K in keyof typeof METAGRAPH_FIELDS]: ValueOf<(typeof METAGRAPH_FIELDS)[K]>
}

/** Every member but the netuid is optional, whatever its own type. */
export const selectiveMetagraph: Codec<Readonly<Record<string, unknown>>> = struct(
  'pallet_subtensor::rpc_info::metagraph::SelectiveMetagraph',
  Object.fromEntries(
    Object.entries(METAGRAPH_FIELDS).map(([name, codec]) => [
      name,
      // The record's own key tells the type: inside the loop the compiler knows only that it is some codec.
      name === 'netuid' ? codec : option(codec as Codec<unknown>),
    ]),
  ),
)
