/** Miners with fake experts behind each door, and the gateway's own dialects to call them with. */
import {
  createBtauth1Dialect,
  createDendrite10Dialect,
  createOpenAIDialect,
  MINER_LIMITS,
} from '../../../adapters/miners/index.ts'
import { createBtauthDoor, type SignedDoorOptions } from '../../../devnet/miners/btauth-door.ts'
import type { StakeTable } from '../../../devnet/miners/callers.ts'
import { createDendriteDoor } from '../../../devnet/miners/dendrite-door.ts'
import type { Door } from '../../../devnet/miners/door.ts'
import { createExpertChat } from '../../../devnet/miners/expert-chat.ts'
import { createExpertImages } from '../../../devnet/miners/expert-images.ts'
import { createExpertSpeech } from '../../../devnet/miners/expert-speech.ts'
import { type MinerOptions, startMiner } from '../../../devnet/miners/miner.ts'
import { createOpenDoor } from '../../../devnet/miners/open-door.ts'
import type { Services } from '../../../devnet/miners/service.ts'
import type { Dialect, DialectName, MinerTarget } from '../../../src/ports/miner.ts'
import { fakeSigner, verifyFake } from '../../fakes/signer.ts'
import { countingSpeech, echoChat, literalPainter } from './fake-experts.ts'

export const MINER_HOTKEY = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'
export const NOW = 1_764_000_000_000
export const signer = fakeSigner()

export const callers: StakeTable = new Map([
  [signer.hotkey, { validatorPermit: true, stakeRao: 10n ** 15n }],
  ['poor', { validatorPermit: true, stakeRao: 10n ** 12n - 1n }],
  ['powerless', { validatorPermit: false, stakeRao: 10n ** 15n }],
])

export const doorOptions: SignedDoorOptions = {
  hotkey: MINER_HOTKEY,
  callers,
  verify: (message, signature, hotkey) =>
    verifyFake(Buffer.from(message), Buffer.from(signature.slice(2), 'hex'), hotkey),
  nowMs: () => NOW,
}

export const services: Services = {
  chat: createExpertChat({ expert: async () => echoChat, nowMs: () => NOW, paceMs: 0 }),
  speech: createExpertSpeech(async () => countingSpeech),
  images: createExpertImages({ expert: async () => literalPainter, nowMs: () => NOW, random: () => 0.5 }),
}

export function doorOf(name: DialectName): Door {
  if (name === 'dendrite10') return createDendriteDoor(doorOptions)
  return name === 'btauth1' ? createBtauthDoor(doorOptions) : createOpenDoor()
}

export function dialectOf(name: DialectName): Dialect {
  const settings = { limits: MINER_LIMITS, nowMs: () => NOW, signer, random: () => 0, externalIp: '0.0.0.0' }
  if (name === 'dendrite10') return createDendrite10Dialect(settings)
  return name === 'btauth1' ? createBtauth1Dialect(settings) : createOpenAIDialect(settings)
}

/** Starts a miner and a dialect that speaks with it. */
export async function stage(name: DialectName, changes: Partial<MinerOptions> = {}) {
  const miner = await startMiner({
    door: doorOf(name),
    services,
    models: null,
    concurrencyMax: 4,
    bodyBytesMax: 1_000_000,
    delayMs: 0,
    ...changes,
  })
  const dialect = dialectOf(name)
  const target: MinerTarget = {
    netuid: 1,
    mechid: 0,
    uid: 3,
    hotkey: MINER_HOTKEY,
    baseUrl: `http://127.0.0.1:${miner.port}`,
    bearer: null,
  }
  return {
    miner,
    dialect,
    target,
    async close() {
      await dialect.close()
      await miner.close()
    },
  }
}
