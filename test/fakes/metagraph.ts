/** Subnets for tests of what is done with them. */
import type { Metagraph, Neuron } from '../../src/ports/chain.ts'

/** A miner at a public address; `change` says how it differs. */
export function aNeuron(uid: number, change: Partial<Neuron> = {}): Neuron {
  return {
    uid,
    hotkey: `5Hotkey${uid}`,
    coldkey: `5Coldkey${uid}`,
    incentive: 1000,
    emissionAlphaRao: 1_000n,
    validatorPermit: false,
    active: true,
    stakeRao: 10n,
    lastUpdateBlock: 1,
    registeredAtBlock: 1,
    axon: { ip: '8.8.8.8', port: 8091, ipType: 4, version: 10_002_000 },
    ...change,
  }
}

/** Subnet 7, owned by uid 0, with a validator and two miners. */
export function aMetagraph(change: Partial<Metagraph> = {}): Metagraph {
  return {
    netuid: 7,
    mechid: 0,
    block: 100,
    blockHash: '0xblock',
    genesisHash: '0xgenesis',
    name: 'Seven',
    networkRegisteredAtBlock: 5,
    ownerHotkey: '5Hotkey0',
    ownerColdkey: '5Coldkey0',
    tempo: 360,
    neurons: [
      aNeuron(0, { incentive: 20_000 }),
      aNeuron(1, { incentive: 0, validatorPermit: true, axon: null }),
      aNeuron(2, { incentive: 30_000 }),
      aNeuron(3, { incentive: 15_000 }),
    ],
    ...change,
  }
}
