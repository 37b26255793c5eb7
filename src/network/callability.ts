/** Whether a neuron can be called, and if not, why: said once, at the snapshot, instead of failing per request. */
import type { Metagraph, Neuron } from '../ports/chain.ts'
import { canonicalAddress, classifyAddress } from './addresses.ts'

export const REASONS = {
  'owner-burn': 'belongs to the subnet owner: its share of the incentive is burned',
  'no-incentive': 'has no incentive: validators and miners that the chain does not rate',
  'no-axon': 'publishes no address',
  'bad-address': 'publishes something that is no address',
  'private-address': 'publishes an address that is not publicly routable',
  'own-address': 'publishes an address of this machine',
  'low-port': 'publishes a port under 1024 other than 80 and 443',
} as const

export type NotCallableReason = keyof typeof REASONS

export type CallabilityRules = {
  /** Miners on this machine count as callable: in the devnet profile alone. */
  readonly allowLoopback: boolean
  /** Addresses of this machine's own interfaces, where something may listen that trusts its neighbours. */
  readonly ownAddresses?: ReadonlySet<string>
}

/** @returns null when the neuron can be called */
export function findObstacle(
  neuron: Neuron,
  metagraph: Metagraph,
  rules: CallabilityRules,
): NotCallableReason | null {
  if (neuron.hotkey === metagraph.ownerHotkey || neuron.coldkey === metagraph.ownerColdkey)
    return 'owner-burn'
  if (neuron.incentive === 0) return 'no-incentive'
  const { axon } = neuron
  if (axon === null || axon.port === 0) return 'no-axon'
  const kind = classifyAddress(axon.ip)
  if (kind === 'invalid') return 'bad-address'
  if (kind === 'private' || (kind === 'loopback' && !rules.allowLoopback)) return 'private-address'
  if (kind === 'public' && rules.ownAddresses?.has(canonicalAddress(axon.ip))) return 'own-address'
  if (axon.port < 1024 && axon.port !== 80 && axon.port !== 443) return 'low-port'
  return null
}
