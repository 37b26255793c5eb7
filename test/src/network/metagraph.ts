/** Snapshots to try things on. */
import type { Metagraph, Neuron } from '../../../src/ports/chain.ts'

export function neuron(uid: number, change: Partial<Neuron> = {}): Neuron {
  return {
    uid,
    hotkey: `hot-${uid}`,
    coldkey: `cold-${uid}`,
    incentive: 1000 + uid,
    emissionAlphaRao: 9_007_199_254_740_993n,
    validatorPermit: false,
    active: true,
    stakeRao: 1n,
    lastUpdateBlock: 90,
    registeredAtBlock: 10,
    axon: { ip: '8.8.8.8', port: 8091 + uid, ipType: 4, version: 10_002_000 },
    ...change,
  }
}

export function metagraph(change: Partial<Metagraph> = {}): Metagraph {
  return {
    netuid: 1,
    mechid: 0,
    block: 100,
    blockHash: '0xb',
    genesisHash: '0xa',
    name: 'text',
    networkRegisteredAtBlock: 1,
    ownerHotkey: 'owner-hot',
    ownerColdkey: 'owner-cold',
    tempo: 360,
    neurons: [],
    ...change,
  }
}
