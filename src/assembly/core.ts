/** The core: money, miners, and the verb that performs a step. */
import { randomBytes } from 'node:crypto'
import {
  createBtauth1Dialect,
  createDendrite10Dialect,
  createOpenAIDialect,
  MINER_LIMITS,
} from '../../adapters/miners/index.ts'
import { createO200kTokenizer } from '../../adapters/tokens/o200k.ts'
import { createGate } from '../../routers/gate/choose.ts'
import { MINER_HEALTH, MinerHealth } from '../../routers/miners/health.ts'
import { createMinerRanking, RANKING } from '../../routers/miners/rank.ts'
import { createAccountService } from '../billing/accounts.ts'
import { createFallbackLimits } from '../billing/fallback-limits.ts'
import { Goodwill } from '../billing/goodwill.ts'
import { createMeter } from '../billing/meter.ts'
import type { PriceCatalogue } from '../billing/prices.ts'
import { createPurse } from '../billing/purse.ts'
import { systemTiming } from '../billing/timing.ts'
import type { Config } from '../config.ts'
import type { PayOptions } from '../inference/pay.ts'
import { Performer } from '../inference/perform.ts'
import type { Directory } from '../network/directory.ts'
import type { Signer } from '../ports/chain.ts'
import type { LeaseCalls } from '../ports/lease-calls.ts'
import type { RateLimits } from '../ports/limits.ts'
import type { Logger } from '../ports/logger.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { Dialect, DialectName } from '../ports/miner.ts'
import type { Store } from '../ports/store.ts'

export type CoreOptions = {
  readonly config: Config
  readonly log: Logger
  readonly directory: Directory
  readonly prices: PriceCatalogue
  readonly store: Store
  readonly leaseCalls: LeaseCalls
  readonly metrics: Metrics
  readonly signer: Signer
  readonly readAddress: (index: number) => string | Promise<string>
  readonly readGenesisHash: () => string | null
  /** Keeps the rate limits of keys; the store's own by default. */
  readonly limits?: RateLimits
  /** How many gateways share them while their keeper cannot be reached. Default 1. */
  readonly readGateways?: () => number
}

/** A hold outlives the longest request, so that the sweep never takes the hold of one that runs. */
const HOLD_MARGIN_MS = 60_000

export function buildCore(options: CoreOptions) {
  const { config, log, directory, prices, store } = options
  const random = (sizeBytes: number) => randomBytes(sizeBytes)
  const dialects = buildDialects(options.signer)
  const health = new MinerHealth({ nowMs: systemTiming.monotonicMs, ...MINER_HEALTH })
  const performer = new Performer({
    directory,
    gate: createGate(),
    ranking: createMinerRanking({ random: Math.random, ...RANKING }),
    records: health,
    metrics: options.metrics,
    dialects: new Map<DialectName, Dialect>(dialects.map((dialect) => [dialect.name, dialect])),
    nowMs: systemTiming.monotonicMs,
  })
  const purse = createPurse({
    ledger: store.ledger,
    leaseCalls: options.leaseCalls,
    timing: systemTiming,
    random,
    log,
    readGenesisHash: options.readGenesisHash,
  })
  const accounts = createAccountService({
    accounts: store.accounts,
    keys: store.keys,
    readAddress: options.readAddress,
    random,
    timing: systemTiming,
  })
  const limits = createFallbackLimits({
    keeper: options.limits ?? store.limits,
    timing: systemTiming,
    log,
    readGateways: options.readGateways ?? (() => 1),
  })
  const pay: PayOptions = {
    purse,
    readPrices: () => prices,
    goodwill: new Goodwill({ timing: systemTiming, ...config.goodwill }),
    holdTtlMs: config.requestTimeoutMs + HOLD_MARGIN_MS,
  }
  return {
    performer,
    health,
    purse,
    accounts,
    pay,
    limits,
    /** The ledger as callers and operators see it: what spend leases have left over is available. */
    ledger: { ...store.ledger, readBalance: purse.readBalance },
    meter: createMeter(createO200kTokenizer()),
    closeDialects: () => Promise.all(dialects.map((dialect) => dialect.close())),
  }
}

function buildDialects(signer: Signer): readonly Dialect[] {
  const settings = { limits: MINER_LIMITS, nowMs: Date.now }
  const signed = { ...settings, signer, random: Math.random }
  return [
    createDendrite10Dialect({ ...signed, externalIp: '0.0.0.0' }),
    createBtauth1Dialect(signed),
    createOpenAIDialect(settings),
  ]
}
