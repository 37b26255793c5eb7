import { describe, expect, it } from 'vitest'
import { createDevelopmentSigner } from '../../../adapters/keys/index.ts'
import { devnetNeurons, devnetSubnets, GATEWAY_KEY_URI } from '../../../devnet/chain/neurons.ts'

it('is the same every time', async () => {
  expect(await devnetNeurons()).toEqual(await devnetNeurons())
})

it('has the three subnets with the historic numbers, and two mechanisms where pictures are', async () => {
  const subnets = await devnetSubnets()
  expect(subnets.map(({ netuid, neurons }) => [netuid, neurons[0]!.incentive.length])).toEqual([
    [1, 1],
    [11, 1],
    [19, 2],
  ])
})

describe('each mechanism', async () => {
  const subnets = await devnetSubnets()
  const mechanisms = subnets.flatMap(({ netuid, neurons }) =>
    neurons[0]!.incentive.map((_, mechid) => ({ netuid, mechid, neurons })),
  )

  it.each(mechanisms)(
    '$netuid/$mechid: scores add up to at most one, and no two miners have the same',
    ({ neurons, mechid }) => {
      const scores = neurons.map(({ incentive }) => incentive[mechid]!)
      expect(scores.reduce((sum, score) => sum + score, 0)).toBeLessThanOrEqual(65_535)
      const positive = scores.filter((score) => score > 0)
      expect(new Set(positive).size).toBe(positive.length)
    },
  )

  it.each(mechanisms)("$netuid/$mechid: the owner's hotkey has the most", ({ neurons, mechid }) => {
    const [owner, ...others] = [...neurons].sort(
      (left, right) => right.incentive[mechid]! - left.incentive[mechid]!,
    )
    expect(owner!.role).toBe('owner')
    expect(others[0]!.incentive[mechid]).toBeGreaterThan(0)
  })

  it.each(mechanisms)(
    '$netuid/$mechid: four or more miners are served and scored, one is gone, one is private',
    ({ neurons, mechid }) => {
      const scored = neurons.filter(({ role, incentive }) => role === 'miner' && incentive[mechid]! > 0)
      const count = (axon: string) => scored.filter((neuron) => neuron.axon === axon).length
      expect([count('served') >= 4, count('gone'), count('private')]).toEqual([true, 1, 1])
    },
  )
})

it('the gateway is a validator with permit and stake on every subnet, under its own key', async () => {
  const gateways = (await devnetNeurons()).filter(({ role }) => role === 'gateway')
  expect(gateways.map(({ netuid }) => netuid)).toEqual([1, 11, 19])
  const { hotkey } = await createDevelopmentSigner(GATEWAY_KEY_URI)
  for (const gateway of gateways) {
    expect(gateway).toMatchObject({ hotkey, validatorPermit: true, axon: 'none' })
    // Miners in the field ask for 1,000 as a rule.
    expect(gateway.stakeRao).toBeGreaterThan(1_000n * 1_000_000_000n)
  }
})

it('hotkeys are derived from their URI, and nobody has two in one subnet', async () => {
  const neurons = await devnetNeurons()
  const [miner] = neurons.filter(({ keyUri }) => keyUri === '//devnet//miner//1//0')
  expect((await createDevelopmentSigner('//devnet//miner//1//0')).hotkey).toBe(miner!.hotkey)
  for (const { neurons: members } of await devnetSubnets()) {
    expect(new Set(members.map(({ hotkey }) => hotkey)).size).toBe(members.length)
  }
})
