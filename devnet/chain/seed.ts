/** The state of a new chain: accounts with money, subnets, neurons. */

import { axonOf, GONE_AXON, PRIVATE_AXON } from './axons.ts'
import { writeAccount } from './execution/accounts.ts'
import { sealBlock } from './execution/build-block.ts'
import { addressToAccount } from './hashing.ts'
import { deriveKey } from './keys.ts'
import { DEPOSIT_PARENT_KEY_URI, type DevnetSubnet, devnetSubnets, FAUCET_KEY_URI } from './neurons.ts'
import { encodeEvents } from './runtime/events.ts'
import { balances, mechanismIndex, subtensor, timestamp } from './runtime/pallets.ts'
import { CODE_KEY, encodeCode, type RuntimeDescription } from './runtime/version.ts'
import { toHex } from './scale/bytes.ts'
import { type Block, ZERO_HASH } from './state/block.ts'
import { Overlay } from './state/overlay.ts'

const RAO_PER_TAO = 1_000_000_000n

/** Substrate's well-known development accounts. */
const RICH_URIS = ['//Alice', '//Bob', '//Charlie', '//Dave', '//Eve', '//Ferdie', FAUCET_KEY_URI]
const RICH_RAO = 1_000_000n * RAO_PER_TAO
const PARENT_RAO = 1n * RAO_PER_TAO

/** Any key, so that two chains that were made at different times are different chains. */
const ENTROPY_KEY = '0x3a6465766e6574'

export type GenesisOptions = {
  readonly runtime: RuntimeDescription
  /** 32 bytes, hex: equal ones make equal chains. */
  readonly entropy: string
  readonly nowMs: number
}

export async function buildGenesis(options: GenesisOptions): Promise<Block> {
  const state = new Overlay({ get: () => null })
  state.set(CODE_KEY, encodeCode(options.runtime))
  state.set(ENTROPY_KEY, options.entropy)
  state.write(timestamp.now, [], BigInt(options.nowMs))
  await seedAccounts(state)
  const subnets = await devnetSubnets()
  for (const subnet of subnets) seedSubnet(state, subnet)
  // Root, where nobody is registered.
  state.write(subtensor.networksAdded, [0], true)
  state.write(subtensor.totalNetworks, [], subnets.length + 1)
  return sealBlock({
    number: 0,
    parentHash: ZERO_HASH,
    parentRoot: ZERO_HASH,
    logs: [],
    extrinsics: [],
    events: toHex(encodeEvents([])),
    runtime: options.runtime,
    changes: state.changes,
  })
}

async function seedAccounts(state: Overlay): Promise<void> {
  for (const uri of RICH_URIS) writeAccount(state, (await deriveKey(uri)).account, { freeRao: RICH_RAO })
  writeAccount(state, (await deriveKey(DEPOSIT_PARENT_KEY_URI)).account, { freeRao: PARENT_RAO })
  state.write(balances.totalIssuance, [], RICH_RAO * BigInt(RICH_URIS.length) + PARENT_RAO)
}

function seedSubnet(state: Overlay, subnet: DevnetSubnet): void {
  const { netuid, neurons } = subnet
  const text = (value: string) => new TextEncoder().encode(value)
  const owner = neurons.find(({ role }) => role === 'owner')
  if (!owner) throw new Error(`Subnet ${netuid} has no owner.`)
  state.write(subtensor.networksAdded, [netuid], true)
  state.write(subtensor.subnetworkN, [netuid], neurons.length)
  state.write(subtensor.maxAllowedUids, [netuid], 256)
  state.write(subtensor.tempo, [netuid], 360)
  state.write(subtensor.networkRegisteredAt, [netuid], 0n)
  state.write(subtensor.subnetOwner, [netuid], addressToAccount(owner.coldkey))
  state.write(subtensor.subnetOwnerHotkey, [netuid], addressToAccount(owner.hotkey))
  state.write(subtensor.tokenSymbol, [netuid], text(subnet.symbol))
  state.write(subtensor.subnetIdentity, [netuid], {
    subnet_name: text(subnet.name),
    github_repo: text(''),
    subnet_contact: text(''),
    subnet_url: text(''),
    discord: text(''),
    description: text('Seeded by the development network.'),
    logo_url: text(''),
    additional: text(''),
  })
  state.write(subtensor.subnetTao, [netuid], 10_000n * RAO_PER_TAO)
  state.write(subtensor.subnetAlphaIn, [netuid], 1_000_000n * RAO_PER_TAO)
  state.write(subtensor.subnetAlphaOut, [netuid], 500_000n * RAO_PER_TAO)
  for (const neuron of neurons) seedNeuron(state, neuron)
  seedScores(state, subnet)
}

function seedNeuron(state: Overlay, neuron: DevnetSubnet['neurons'][number]): void {
  const { netuid, uid } = neuron
  const hotkey = addressToAccount(neuron.hotkey)
  state.write(subtensor.keys, [netuid, uid], hotkey)
  state.write(subtensor.uids, [netuid, hotkey], uid)
  state.write(subtensor.owner, [hotkey], addressToAccount(neuron.coldkey))
  state.write(subtensor.blockAtRegistration, [netuid, uid], 0n)
  state.write(subtensor.totalHotkeyAlpha, [hotkey, netuid], neuron.stakeRao)
  const address = neuron.axon === 'private' ? PRIVATE_AXON : neuron.axon === 'gone' ? GONE_AXON : null
  if (address) state.write(subtensor.axons, [netuid, hotkey], axonOf(address, 0))
}

function seedScores(state: Overlay, { netuid, neurons }: DevnetSubnet): void {
  const mechanisms = neurons[0]?.incentive.length ?? 1
  state.write(subtensor.mechanismCount, [netuid], mechanisms)
  for (let mechid = 0; mechid < mechanisms; mechid++) {
    const index = mechanismIndex(netuid, mechid)
    state.write(
      subtensor.incentive,
      [index],
      neurons.map(({ incentive }) => incentive[mechid] ?? 0),
    )
    state.write(
      subtensor.lastUpdate,
      [index],
      neurons.map(() => 0n),
    )
  }
  const isValidator = (role: string) => role === 'validator' || role === 'gateway'
  const score = (role: string) => (isValidator(role) ? 32_767 : 0)
  // About what a tempo of 360 blocks pays: 41 % of 360 alpha, by score.
  const emission = (incentive: readonly number[]) => BigInt(Math.max(...incentive)) * 2_252_000n
  state.write(
    subtensor.emission,
    [netuid],
    neurons.map(({ incentive }) => emission(incentive)),
  )
  state.write(
    subtensor.active,
    [netuid],
    neurons.map(() => true),
  )
  state.write(
    subtensor.validatorPermit,
    [netuid],
    neurons.map(({ validatorPermit }) => validatorPermit),
  )
  state.write(
    subtensor.consensus,
    [netuid],
    neurons.map(({ incentive }) => incentive[0] ?? 0),
  )
  state.write(
    subtensor.dividends,
    [netuid],
    neurons.map(({ role }) => score(role)),
  )
  state.write(
    subtensor.validatorTrust,
    [netuid],
    neurons.map(({ role }) => (isValidator(role) ? 65_535 : 0)),
  )
}
