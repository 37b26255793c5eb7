/** A gateway's core on fakes: an account with money, miners that behave as told, the real purse, gate, ranking and health. */
import { createO200kTokenizer } from '../../../adapters/tokens/o200k.ts'
import { createGate } from '../../../routers/gate/choose.ts'
import { MINER_HEALTH, MinerHealth } from '../../../routers/miners/health.ts'
import { createMinerRanking, RANKING } from '../../../routers/miners/rank.ts'
import type { Goodwill } from '../../../src/billing/goodwill.ts'
import { createMeter } from '../../../src/billing/meter.ts'
import { parsePrices } from '../../../src/billing/prices.ts'
import { createPurse } from '../../../src/billing/purse.ts'
import { systemTiming } from '../../../src/billing/timing.ts'
import type { CompleteOptions } from '../../../src/inference/complete.ts'
import type {
  ExpertDirectory,
  ServedExpert,
  ServedMiner,
  ServedModel,
} from '../../../src/inference/experts.ts'
import type { Caller } from '../../../src/inference/pay.ts'
import { Performer } from '../../../src/inference/perform.ts'
import type { MinerBehaviour } from '../../contract/dialect.ts'
import { createFakeDialect } from '../../fakes/dialect.ts'
import { fakeStore } from '../../fakes/store.ts'

export const ACCOUNT = 'acc_test'
export const FUNDS_RAO = 1_000_000_000n

export const expert: ServedExpert = {
  name: 'text',
  netuid: 1,
  mechid: 0,
  dialect: 'openai',
  concurrencyPerMiner: 2,
  queueDepth: 4,
  timeoutMs: 2_000,
  firstByteTimeoutMs: 200,
}

export const model: ServedModel = {
  id: 'yuma-text',
  listedId: 'yuma-text',
  upstreamModel: 'yuma-text',
  capabilities: ['chat'],
  contextTokensMax: 8192,
  outputTokensMax: 1024,
  expert,
}

const minerOf = (hotkey: string, incentive: number): ServedMiner => ({
  target: {
    netuid: 1,
    mechid: 0,
    uid: incentive,
    hotkey,
    baseUrl: `http://8.8.8.8:${incentive}`,
    bearer: null,
  },
  coldkey: `cold-${hotkey}`,
  network: null,
  incentive,
})

export type StageOptions = {
  /** What a miner does with its next call, by hotkey. */
  readonly behave: (hotkey: string) => MinerBehaviour
  readonly miners?: readonly string[]
  readonly deltas?: readonly string[]
  readonly fundsRao?: bigint
  /** Bounds what is free; without it nothing is bounded. */
  readonly goodwill?: Goodwill
}

export async function stage({
  behave,
  miners = ['a', 'b', 'c'],
  deltas,
  fundsRao = FUNDS_RAO,
  goodwill,
}: StageOptions) {
  const store = fakeStore()
  await store.accounts.create({ id: ACCOUNT, name: 'test', depositAddress: '5Deposit' })
  await store.accounts.addKey({ id: 'key_test', accountId: ACCOUNT, prefix: 'sk', sha256: 'x' })
  if (fundsRao > 0n) store.fund(ACCOUNT, fundsRao)
  const placed = miners.map((hotkey, index) => minerOf(hotkey, 1000 + index))
  const directory: ExpertDirectory = {
    find: () => [model],
    listFor: () => [model],
    readMiners: () => ({ block: 77, miners: placed }),
    explain: () => (placed.length === 0 ? 'the subnet has no callable miner' : null),
  }
  const dialect = createFakeDialect({
    name: 'openai',
    behave: (target) => behave(target.hotkey),
    ...(deltas && { deltas }),
  })
  const records = new MinerHealth({ nowMs: systemTiming.monotonicMs, ...MINER_HEALTH })
  const performer = new Performer({
    directory,
    gate: createGate(),
    ranking: createMinerRanking({ random: Math.random, ...RANKING }),
    records,
    dialects: new Map([['openai', dialect]]),
    nowMs: systemTiming.monotonicMs,
  })
  const silent = { info() {}, warn() {}, error() {}, debug() {} }
  const purse = createPurse({
    ledger: store.ledger,
    timing: systemTiming,
    random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    log: silent,
    readGenesisHash: () => '0xabc',
  })
  const meter = createMeter(createO200kTokenizer())
  await meter.ready()
  const prices = parsePrices({
    'yuma-text': [
      { meter: 'input_token', rao: '3', per: '1' },
      { meter: 'output_token', rao: '9', per: '1' },
    ],
  })
  const options: CompleteOptions = {
    performer,
    purse,
    meter,
    readPrices: () => prices,
    holdTtlMs: 60_000,
    wallMs: () => 1_764_000_000_000,
    ...(goodwill && { goodwill }),
  }
  const balance = () => store.ledger.readBalance(ACCOUNT)
  return { store, directory, dialect, performer, purse, options, records, balance }
}

let requests = 0

export const caller = (extra: Partial<Caller> = {}): Caller => {
  requests += 1
  return {
    accountId: ACCOUNT,
    keyId: 'key_test',
    depositAddress: '5Deposit',
    requestId: `req_${requests}`,
    costMaxRao: null,
    rules: null,
    rate: null,
    ...extra,
  }
}
