/** What `readyz` says: each part, whether it is ready, what is wrong and what to do. */
import type { DepositWatcher } from '../billing/deposits.ts'
import type { FallbackLimits } from '../billing/fallback-limits.ts'
import type { Purse } from '../billing/purse.ts'
import type { HeartbeatState } from '../fleet/heartbeat.ts'
import type { RetentionOffice } from '../fleet/retention-office.ts'
import type { PartState } from '../http/health.ts'
import type { Performer } from '../inference/perform.ts'
import type { Directory } from '../network/directory.ts'
import type { Snapshots } from '../network/snapshots.ts'
import type { Chain } from '../ports/chain.ts'
import type { StepQueue } from '../ports/queue.ts'
import type { Store } from '../ports/store.ts'

export type ReadinessOptions = {
  readonly store: Store
  readonly chain: Chain
  readonly snapshots: Snapshots
  readonly directory: Directory
  readonly performer: Performer
  readonly purse: Purse
  readonly queue: StepQueue
  readonly limits: Pick<FallbackLimits, 'problem'>
  readonly watcher: DepositWatcher
  readonly retention: Pick<RetentionOffice, 'state'>
  readonly readFleet: () => HeartbeatState
  /** Null while accepting; else why not. */
  readonly readShutdown: () => string | null
  /** What the development network says of itself; null without one. */
  readonly readDevnetProblem: () => string | null
}

export async function readReadiness(options: ReadinessOptions): Promise<Readonly<Record<string, PartState>>> {
  const { store, queue, purse } = options
  const shutdown = options.readShutdown()
  return {
    gateway: { ready: shutdown === null, problem: shutdown },
    store: await readStore(store),
    ledger: { ...purse.state(), ready: true, problem: null },
    // Chat needs no queue, and runs are rows that wait for it: a balancer must not take every gateway away because Redis is.
    queue: { ...queue.state(), ready: true },
    // They go on in memory while their keeper is away.
    limits: { ready: true, problem: options.limits.problem() },
    chain: readChain(options),
    miners: readMiners(options),
    deposits: readDeposits(options.watcher),
    retention: readRetention(options.retention),
    processes: readProcesses(options.readFleet()),
  }
}

async function readStore(store: Store): Promise<PartState> {
  const isServing = await store.lifecycle.ping().then(
    () => true,
    () => false,
  )
  // Asked after the ping, which may just have found out.
  const { kind, problem } = store.lifecycle.state()
  return { ready: isServing, problem: isServing ? problem : (problem ?? 'does not answer'), kind }
}

/** Served from snapshots: the chain may be away as long as they are young enough. */
function readChain({ chain, snapshots, directory, readDevnetProblem }: ReadinessOptions): PartState {
  const state = chain.state()
  const needed = directory.listSubnets().length
  const ageMs = snapshots.oldestAgeMs()
  const ready = needed === 0 || ageMs !== null
  return {
    ready,
    problem: readDevnetProblem() ?? state.problem ?? (ready ? null : 'no snapshot was read yet'),
    connected: state.connected,
    endpoint: state.endpoint,
    genesis: state.genesisHash,
    block: state.finalized?.number ?? null,
    head_age_ms: state.headAgeMs === null ? null : Math.round(state.headAgeMs),
    snapshot_block: snapshots.oldestBlock(),
    snapshot_age_ms: ageMs === null ? null : Math.round(ageMs),
  }
}

function readMiners({ directory, performer }: ReadinessOptions): PartState {
  const lines = performer.state()
  const experts = directory.status().map((status) => ({ ...status, line: lines[status.name] ?? null }))
  const ready = experts.some(({ callable }) => callable > 0)
  const problems = experts.flatMap(({ name, problem, callable }) =>
    callable > 0 ? [] : [`${name}: ${problem ?? 'no callable miner'}`],
  )
  return { ready, problem: problems.length === 0 ? null : problems.join('; '), experts }
}

/** Nobody can be served better without us: a late heartbeat is told, and does not keep the process from serving. */
function readProcesses({ problem, gateways, workers }: HeartbeatState): PartState {
  return { ready: true, problem, gateways, workers }
}

/** Late deposits are told, but do not keep the gateway from serving. */
function readDeposits(watcher: DepositWatcher): PartState {
  const { problem, status, cursor, lagBlocks } = watcher.state()
  return { ready: true, problem, status, block: cursor?.number ?? null, lag_blocks: lagBlocks }
}

/** Late removals are told, and cost nothing but room. */
function readRetention(retention: ReadinessOptions['retention']): PartState {
  const { problem, status, sweptAtMs, removed } = retention.state()
  const sweptAt = sweptAtMs === null ? null : new Date(sweptAtMs).toISOString()
  return { ready: true, problem, status, swept_at: sweptAt, removed }
}
