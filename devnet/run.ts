/** The devnet as one thing: starts chain and miners on the first message, pays out of the faucet, closes everything. */
import { randomUUID } from 'node:crypto'
import {
  createFaucet,
  DEPOSIT_PARENT_KEY_URI,
  type Faucet,
  GATEWAY_KEY_URI,
  startDevnetChain,
} from './chain/index.ts'
import { devnetSubnets, type DevnetSubnet as SeededSubnet } from './chain/neurons.ts'
import type { DevnetFund, DevnetStart, FromDevnet, ToDevnet } from './messages.ts'
import { createExpertImages } from './miners/expert-images.ts'
import { createExpertSpeech } from './miners/expert-speech.ts'
import { createVisionChat } from './miners/expert-vision.ts'
import { createExperts, type Experts } from './miners/load-experts.ts'
import { createSr25519Verifier } from './miners/signature.ts'
import { type MinerSources, type RunningMiners, startMiners } from './miners/start-miners.ts'
import { createUpstream, UPSTREAM } from './miners/upstream.ts'
import { createUpstreamChat, createUpstreamImages, createUpstreamSpeech } from './miners/upstream-services.ts'

export interface RunningDevnet {
  /** Acts on a message. @throws Error when the devnet cannot be started, or is told to start twice */
  take(message: ToDevnet): Promise<void>
  /** Ends miners, chain and experts; what the chain has to write is written. */
  close(): Promise<void>
}

/** @param send - resolves when the message is on its way */
export function runDevnet(send: (message: FromDevnet) => Promise<void>): RunningDevnet {
  const closers: (() => Promise<void>)[] = []
  let isStarted = false
  let faucet: Faucet | null = null
  return {
    async take(message) {
      if (message.kind === 'fund') await fund(message)
      else await start(message)
    },
    async close() {
      // In the order of starting: callers first, then what they use.
      for (const close of closers.splice(0)) await close()
    },
  }

  async function start(message: DevnetStart): Promise<void> {
    if (isStarted) throw new Error('The devnet was told to start twice.')
    isStarted = true
    const subnets = await devnetSubnets()
    const experts = createExperts(message.assets)
    const miners = await startMiners({
      neurons: subnets.flatMap(({ neurons }) =>
        neurons.map((neuron) => ({ ...neuron, isServed: neuron.axon === 'served' })),
      ),
      sources: chooseSources(message, experts),
      verify: await createSr25519Verifier(),
      nowMs: Date.now,
    })
    closers.push(miners.close)
    const chain = await startDevnetChain({
      directory: message.directory,
      port: message.chainPort,
      blockMs: message.blockMs,
      axons: miners.axons,
      onDiskError: (error) =>
        void send({ kind: 'warning', message: `The chain cannot write: ${String(error)}` }),
    })
    closers.push(chain.close, experts.close)
    const { endpoint, genesisHash } = chain
    faucet = createFaucet({ endpoint })
    await send({
      kind: 'ready',
      endpoint,
      genesisHash,
      subnets: subnets.map((subnet) => describeSubnet(subnet, miners)),
      gatewayKeyUri: GATEWAY_KEY_URI,
      depositParentKeyUri: DEPOSIT_PARENT_KEY_URI,
    })
  }

  async function fund({ id, address, amountRao }: DevnetFund): Promise<void> {
    try {
      if (!faucet) throw new Error('The devnet is not ready.')
      await send({ kind: 'paid', id, payment: await faucet.send({ to: address, amountRao }) })
    } catch (error) {
      await send({ kind: 'not-paid', id, message: error instanceof Error ? error.message : String(error) })
    }
  }
}

function describeSubnet({ netuid, name, neurons }: SeededSubnet, miners: RunningMiners) {
  return { netuid, name, minerCount: miners.counts[netuid] ?? 0, neuronCount: neurons.length }
}

/** Behind each kind of miner: the server that was named, or else our expert. */
function chooseSources({ upstreams }: DevnetStart, experts: Experts): MinerSources {
  const at = (url: string) => createUpstream({ ...UPSTREAM, url })
  return {
    text:
      upstreams.text === null
        ? { expert: experts.text }
        : { service: createUpstreamChat(at(upstreams.text)) },
    speech:
      upstreams.speech === null
        ? createExpertSpeech(experts.speech)
        : createUpstreamSpeech(at(upstreams.speech), randomUUID),
    vision:
      upstreams.vision === null
        ? { expert: async () => createVisionChat(experts.vision) }
        : { service: createUpstreamChat(at(upstreams.vision)) },
    image:
      upstreams.image === null
        ? createExpertImages({ expert: experts.image, nowMs: Date.now, random: Math.random })
        : createUpstreamImages(at(upstreams.image)),
  }
}
