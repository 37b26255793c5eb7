/**
 * Who is registered on the development network, and why: every kind of neuron that a gateway meets on the real one. The chain seeds its
 * state from this list, and whoever starts miners serves the ones with `axon: 'served'`.
 */
import { deriveKey } from './keys.ts'

export type DevnetNeuron = {
  readonly netuid: number
  readonly uid: number
  /**
   * `owner`: the subnet owner's hotkey, which holds the largest incentive because it is burned · `validator`: sets weights, serves
   * nothing · `gateway`: the gateway's own hotkey, a validator to the miners · `miner`.
   */
  readonly role: 'owner' | 'validator' | 'gateway' | 'miner'
  /** `served`: a miner that runs · `private`: an address in 10/8 · `gone`: nothing listens there any more · `none`: never published. */
  readonly axon: 'served' | 'private' | 'gone' | 'none'
  /** Derivation path of the hotkey from the development phrase, such as `//devnet//miner//1//0`. */
  readonly keyUri: string
  /** ss58. */
  readonly hotkey: string
  /** ss58. */
  readonly coldkey: string
  /** Raw u16 by mechid; each mechanism's sum is at most 65535. */
  readonly incentive: readonly number[]
  readonly validatorPermit: boolean
  /** Of this subnet's alpha. */
  readonly stakeRao: bigint
}

export type DevnetSubnet = {
  readonly netuid: number
  readonly name: string
  readonly symbol: string
  readonly neurons: readonly DevnetNeuron[]
}

/** Key URI of the gateway's hotkey: registered on every subnet with permit and stake, so that miners answer it. */
export const GATEWAY_KEY_URI = '//devnet//gateway'

/** Key URI of the account that the faucet pays from. */
export const FAUCET_KEY_URI = '//devnet//faucet'

/** Key URI of the account whose derivatives are the deposit addresses. The gateway needs its address only. */
export const DEPOSIT_PARENT_KEY_URI = '//devnet//treasury'

const SCORE_ONE = 65_535
const RAO = 1_000_000_000n
const VALIDATOR_STAKE_RAO = 1_000_000n * RAO
const GATEWAY_STAKE_RAO = 100_000n * RAO
const MINER_STAKE_RAO = 10n * RAO

type MinerPlan = {
  readonly axon: DevnetNeuron['axon']
  /** Relative weight by mechid; 0 for a mechanism that the miner does no work for. */
  readonly weights: readonly number[]
}

type SubnetPlan = {
  readonly netuid: number
  readonly name: string
  readonly symbol: string
  readonly miners: readonly MinerPlan[]
}

/** Share of incentive that goes to the owner's hotkey. */
const OWNER_SHARE = 0.3

const ONE_MECHANISM: readonly MinerPlan[] = [
  { axon: 'served', weights: [100] },
  { axon: 'served', weights: [81] },
  { axon: 'served', weights: [66] },
  { axon: 'gone', weights: [52] },
  { axon: 'served', weights: [43] },
  { axon: 'served', weights: [34] },
  { axon: 'private', weights: [28] },
  { axon: 'served', weights: [21] },
  { axon: 'none', weights: [13] },
  { axon: 'served', weights: [0] },
]

const TWO_MECHANISMS: readonly MinerPlan[] = [
  { axon: 'served', weights: [100, 0] },
  { axon: 'served', weights: [82, 0] },
  { axon: 'served', weights: [67, 0] },
  { axon: 'served', weights: [44, 58] },
  { axon: 'served', weights: [35, 71] },
  { axon: 'served', weights: [0, 90] },
  { axon: 'served', weights: [0, 46] },
  { axon: 'served', weights: [0, 37] },
  { axon: 'gone', weights: [53, 29] },
  { axon: 'private', weights: [29, 64] },
]

/** The numbers of the first subnets that did these kinds of work. */
const PLANS: readonly SubnetPlan[] = [
  { netuid: 1, name: 'Devnet Text', symbol: 'α', miners: ONE_MECHANISM },
  { netuid: 11, name: 'Devnet Speech', symbol: 'λ', miners: ONE_MECHANISM },
  { netuid: 19, name: 'Devnet Vision', symbol: 'τ', miners: TWO_MECHANISMS },
]

/** The subnets with all of their neurons, in order of uid. Always the same. */
export async function devnetSubnets(): Promise<readonly DevnetSubnet[]> {
  return Promise.all(
    PLANS.map(async (plan) => ({
      netuid: plan.netuid,
      name: plan.name,
      symbol: plan.symbol,
      neurons: await planNeurons(plan),
    })),
  )
}

/** Every neuron of every subnet. Always the same. */
export async function devnetNeurons(): Promise<readonly DevnetNeuron[]> {
  return (await devnetSubnets()).flatMap(({ neurons }) => neurons)
}

async function planNeurons(plan: SubnetPlan): Promise<readonly DevnetNeuron[]> {
  const { netuid } = plan
  const mechanisms = plan.miners[0]?.weights.length ?? 1
  const none = Array.from({ length: mechanisms }, () => 0)
  const ownerShare = none.map(() => Math.floor(OWNER_SHARE * SCORE_ONE))
  const totals = none.map((_, mechid) =>
    plan.miners.reduce((sum, { weights }) => sum + (weights[mechid] ?? 0), 0),
  )
  const validator = { axon: 'none', validatorPermit: true } as const
  const heads = [
    {
      ...validator,
      role: 'owner',
      keyUri: `//devnet//owner//${netuid}`,
      incentive: ownerShare,
      stakeRao: MINER_STAKE_RAO,
    },
    {
      ...validator,
      role: 'validator',
      keyUri: `//devnet//validator//${netuid}`,
      incentive: none,
      stakeRao: VALIDATOR_STAKE_RAO,
    },
    { ...validator, role: 'gateway', keyUri: GATEWAY_KEY_URI, incentive: none, stakeRao: GATEWAY_STAKE_RAO },
  ] as const
  const miners = plan.miners.map(({ axon, weights }, index) => ({
    role: 'miner' as const,
    axon,
    keyUri: `//devnet//miner//${netuid}//${index}`,
    incentive: weights.map((weight, mechid) =>
      Math.floor((weight / (totals[mechid] ?? 1)) * (1 - OWNER_SHARE) * SCORE_ONE),
    ),
    validatorPermit: false,
    stakeRao: MINER_STAKE_RAO,
  }))
  return Promise.all(
    [...heads, ...miners].map(async (neuron, uid) => ({
      ...neuron,
      netuid,
      uid,
      hotkey: (await deriveKey(neuron.keyUri)).address,
      coldkey: (await deriveKey(`${neuron.keyUri}//cold`)).address,
    })),
  )
}
