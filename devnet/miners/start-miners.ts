/** Starts a server for every neuron of the development network that serves, each behind the door of its subnet's dialect. */

import { createBtauthDoor, type SignedDoorOptions } from './btauth-door.ts'
import type { StakeTable } from './callers.ts'
import { createDendriteDoor } from './dendrite-door.ts'
import type { Door } from './door.ts'
import { createExpertChat } from './expert-chat.ts'
import type { ChatExpert } from './experts.ts'
import type { Miner } from './miner.ts'
import { startMiner } from './miner.ts'
import { createOpenDoor } from './open-door.ts'
import type { ChatService, ImageService, Services, SpeechService } from './service.ts'
import type { VerifySignature } from './signature.ts'

/** What is needed to know of a neuron. */
export type MinerNeuron = {
  readonly netuid: number
  readonly uid: number
  readonly hotkey: string
  /** Whether it runs a server. */
  readonly isServed: boolean
  readonly validatorPermit: boolean
  readonly stakeRao: bigint
  /** Raw u16 by mechid. */
  readonly incentive: readonly number[]
}

/** A chat is served by an expert, at the miner's own pace, or by a server that has its own. */
export type ChatSource = { readonly expert: () => Promise<ChatExpert> } | { readonly service: ChatService }

export type MinerSources = {
  readonly text: ChatSource
  readonly speech: SpeechService
  readonly vision: ChatSource
  readonly image: ImageService
}

export type StartMinersOptions = {
  readonly neurons: readonly MinerNeuron[]
  readonly sources: MinerSources
  readonly verify: VerifySignature
  /** Unix time in milliseconds. */
  readonly nowMs: () => number
}

export type RunningMiners = {
  /** Where each miner listens, by ss58 hotkey. */
  readonly axons: ReadonlyMap<string, { readonly ip: string; readonly port: number }>
  /** Miners by netuid. */
  readonly counts: Readonly<Record<number, number>>
  close(): Promise<void>
}

/** The subnets of the development network: who speaks what, and does what. Mechanism 1 of a subnet paints. */
const TEXT_NETUID = 1
const SPEECH_NETUID = 11
const VISION_NETUID = 19
const IMAGE_MECHID = 1

/** More than the gateway sends to one miner by default, so that a busy miner is one that others use as well. */
const CONCURRENCY_MAX = 12
/** Half an hour of 16-bit sound at 16 kHz is 58 MB; a picture of 20 MB in base64 is 27. */
const BODY_BYTES_MAX = 128 * 1024 * 1024

/** Starts them all, or none. */
export async function startMiners(options: StartMinersOptions): Promise<RunningMiners> {
  const tables = stakeTables(options.neurons)
  const axons = new Map<string, { ip: string; port: number }>()
  const counts: Record<number, number> = {}
  const miners: Miner[] = []
  const close = async () => {
    await Promise.all(miners.map((miner) => miner.close()))
  }
  try {
    for (const neuron of options.neurons) {
      if (!neuron.isServed) continue
      const miner = await startMiner({
        door: openDoor(neuron, tables.get(neuron.netuid) ?? new Map(), options),
        services: servicesOf(neuron, options),
        models: null, // The subnets file names them; a miner takes what it is called.
        concurrencyMax: CONCURRENCY_MAX,
        bodyBytesMax: BODY_BYTES_MAX,
        delayMs: (neuron.uid % 7) * 3, // So that ranking has something to see.
      })
      miners.push(miner)
      axons.set(neuron.hotkey, { ip: '127.0.0.1', port: miner.port })
      counts[neuron.netuid] = (counts[neuron.netuid] ?? 0) + 1
    }
  } catch (error) {
    await close()
    throw error
  }
  return { axons, counts, close }
}

function openDoor(neuron: MinerNeuron, callers: StakeTable, { verify, nowMs }: StartMinersOptions): Door {
  const options: SignedDoorOptions = { hotkey: neuron.hotkey, callers, verify, nowMs }
  if (neuron.netuid === TEXT_NETUID) return createDendriteDoor(options)
  return neuron.netuid === SPEECH_NETUID ? createBtauthDoor(options) : createOpenDoor()
}

function servicesOf(neuron: MinerNeuron, options: StartMinersOptions): Services {
  const { sources } = options
  switch (neuron.netuid) {
    case TEXT_NETUID:
      return { chat: chatOf(sources.text, neuron, options) }
    case SPEECH_NETUID:
      return { speech: sources.speech }
    case VISION_NETUID: {
      const paints = (neuron.incentive[IMAGE_MECHID] ?? 0) > 0
      const looks = (neuron.incentive[0] ?? 0) > 0 || !paints
      return {
        ...(looks ? { chat: chatOf(sources.vision, neuron, options) } : {}),
        ...(paints ? { images: sources.image } : {}),
      }
    }
    default:
      return {}
  }
}

function chatOf(source: ChatSource, { uid }: MinerNeuron, { nowMs }: StartMinersOptions): ChatService {
  if ('service' in source) return source.service
  return createExpertChat({ expert: source.expert, nowMs, paceMs: 4 + (uid % 3) })
}

function stakeTables(neurons: readonly MinerNeuron[]): ReadonlyMap<number, StakeTable> {
  const tables = new Map<number, Map<string, { validatorPermit: boolean; stakeRao: bigint }>>()
  for (const { netuid, hotkey, validatorPermit, stakeRao } of neurons) {
    const table = tables.get(netuid) ?? new Map()
    tables.set(netuid, table.set(hotkey, { validatorPermit, stakeRao }))
  }
  return tables
}
