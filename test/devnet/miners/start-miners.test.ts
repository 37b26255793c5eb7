import { afterEach, expect, it } from 'vitest'
import { createExpertImages } from '../../../devnet/miners/expert-images.ts'
import { createExpertSpeech } from '../../../devnet/miners/expert-speech.ts'
import { createVisionChat } from '../../../devnet/miners/expert-vision.ts'
import { type MinerNeuron, type RunningMiners, startMiners } from '../../../devnet/miners/start-miners.ts'
import type { ImageWork, Work } from '../../../src/ports/miner.ts'
import { countingSpeech, echoChat, literalPainter, measuringVision } from './fake-experts.ts'
import { dialectOf, doorOptions, NOW, signer } from './miner-stage.ts'

const neuron = (netuid: number, uid: number, changes: Partial<MinerNeuron> = {}): MinerNeuron => ({
  netuid,
  uid,
  hotkey: `miner-${netuid}-${uid}`,
  isServed: true,
  validatorPermit: false,
  stakeRao: 0n,
  incentive: [100],
  ...changes,
})
const gateway = (netuid: number) =>
  neuron(netuid, 0, { hotkey: signer.hotkey, isServed: false, validatorPermit: true, stakeRao: 10n ** 15n })

let miners: RunningMiners
afterEach(() => miners.close())

async function start(neurons: readonly MinerNeuron[]) {
  miners = await startMiners({
    neurons,
    verify: doorOptions.verify,
    nowMs: () => NOW,
    sources: {
      text: { expert: async () => echoChat },
      speech: createExpertSpeech(async () => countingSpeech),
      vision: { expert: async () => createVisionChat(async () => measuringVision) },
      image: createExpertImages({ expert: async () => literalPainter, nowMs: () => NOW, random: () => 0 }),
    },
  })
}

async function ask(hotkey: string, work: Work): Promise<string> {
  const axon = miners.axons.get(hotkey)
  if (!axon) throw new Error(`${hotkey} does not serve`)
  const dialect = dialectOf(hotkey.includes('-1-') ? 'dendrite10' : 'openai')
  const target = {
    netuid: 1,
    mechid: 0,
    uid: 1,
    hotkey,
    baseUrl: `http://${axon.ip}:${axon.port}`,
    bearer: null,
  }
  const options = { timeoutMs: 20_000, firstByteTimeoutMs: 20_000, signal: new AbortController().signal }
  try {
    return (await dialect.attempt(target, work, options)).kind
  } catch (error) {
    return (error as { cause: { reason: string } }).cause.reason
  } finally {
    await dialect.close()
  }
}

const picture = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,YWJj' } }]
const chat = (content: unknown): Work => ({
  kind: 'chat',
  stream: false,
  body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }),
})
const painting: ImageWork = {
  kind: 'image',
  model: 'm',
  prompt: 'a tree',
  width: 64,
  height: 64,
  count: 1,
  seed: 1,
  format: 'png',
  background: 'auto',
}

it('starts a server for each neuron that serves, and counts them by subnet', async () => {
  await start([gateway(1), neuron(1, 3), neuron(1, 4, { isServed: false }), neuron(11, 3), neuron(19, 3)])
  expect([...miners.axons.keys()].sort()).toEqual(['miner-1-3', 'miner-11-3', 'miner-19-3'])
  expect(miners.counts).toEqual({ 1: 1, 11: 1, 19: 1 })
  expect(new Set([...miners.axons.values()].map(({ port }) => port)).size).toBe(3)
})

it('of the vision subnet each miner does the work of the mechanisms that score it', async () => {
  await start([
    neuron(19, 3, { incentive: [100, 0] }),
    neuron(19, 4, { incentive: [0, 100] }),
    neuron(19, 5, { incentive: [50, 50] }),
    neuron(19, 6, { incentive: [0, 0] }),
  ])
  const does = async (uid: number) => [
    await ask(`miner-19-${uid}`, chat(picture)),
    await ask(`miner-19-${uid}`, painting),
  ]
  expect(await does(3)).toEqual(['chat', 'not-found'])
  expect(await does(4)).toEqual(['not-found', 'image'])
  expect(await does(5)).toEqual(['chat', 'image'])
  expect(await does(6)).toEqual(['chat', 'not-found'])
})

it('a permit on another subnet opens no door', async () => {
  await start([gateway(11), neuron(1, 3)])
  expect(await ask('miner-1-3', chat('hi'))).toBe('forbidden')
  await miners.close()
  await start([gateway(1), neuron(1, 3)])
  expect(await ask('miner-1-3', chat('hi'))).toBe('chat')
})
