/**
 * Performs one step: gate → line → miner → attempt, with failover before the first byte. Money is the caller's business:
 * it holds before and settles after. Chat, single requests and pipeline steps all come through here.
 */
import { GatewayError } from '../errors.ts'
import type { Capability } from '../ports/capability.ts'
import type { ReceiptProvider } from '../ports/ledger.ts'
import type { Metrics } from '../ports/metrics.ts'
import {
  type Answer,
  type Dialect,
  type DialectName,
  MinerFailure,
  type MinerTarget,
  type Work,
} from '../ports/miner.ts'
import type { Gate, MinerRanking } from '../ports/routing.ts'
import type { ExpertDirectory, ServedExpert, ServedModel } from './experts.ts'
import { Lane, type Permit } from './lanes.ts'
import { MinerPicker, type Slot } from './miner-picker.ts'
import type { MinerRecords } from './miner-records.ts'

/** More would keep a caller waiting for an answer that is unlikely to come. */
const ATTEMPTS_MAX = 4

/** How long a caller is told to wait when no miner could serve. */
const NOBODY_RETRY_AFTER_MS = 12_000 // One block: the metagraph cannot change sooner.

export type Job = {
  readonly accountId: string
  readonly capability: Capability
  /** What may serve it, from the directory; more than one when the caller left the choice to the gate. */
  readonly models: readonly ServedModel[]
  /** Worst-case price by listed model, rao. */
  readonly priceRao: (model: ServedModel) => bigint
  /** Builds what the miner is asked, for that model. */
  readonly work: (model: ServedModel) => Work
  /** A step of a run: yields to requests that somebody waits for. */
  readonly isBatch?: boolean
  readonly signal: AbortSignal
}

export type Performed = {
  readonly answer: Answer
  readonly model: ServedModel
  readonly provider: ReceiptProvider
  readonly attempts: number
  /** Milliseconds from the start of the successful attempt to its first byte. */
  readonly latencyMs: number
  /** Must be called when the answer was consumed or given up: frees the miner's permit and records how it ended. Only the first call counts. */
  readonly finish: (ending: 'whole' | 'abandoned' | MinerFailure) => void
}

export type PerformerOptions = {
  readonly directory: ExpertDirectory
  readonly gate: Gate
  readonly ranking: MinerRanking
  readonly records: MinerRecords
  readonly dialects: ReadonlyMap<DialectName, Dialect>
  readonly metrics?: Pick<Metrics, 'attempt'>
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

/** One attempt that is about to be made. */
type Placement = {
  readonly job: Job
  readonly model: ServedModel
  readonly permit: Permit<Slot>
  readonly block: number | null
}

export class Performer {
  readonly #options: PerformerOptions
  readonly #lanes = new Map<string, Lane<Slot>>()
  readonly #picker: MinerPicker

  constructor(options: PerformerOptions) {
    this.#options = options
    this.#picker = new MinerPicker(options)
  }

  /**
   * Finds a miner and gets its answer; a stream has begun when this resolves.
   *
   * @throws GatewayError `no_expert_available`, `expert_timeout` or `expert_bad_response` when nobody could serve · `queue_full` ·
   *   `client_closed_request` the signal was aborted · `invalid_request` when a miner refuses the request itself
   */
  async perform(job: Job): Promise<Performed> {
    const tally = { attempts: 0, last: null as GatewayError | null }
    for (const model of this.#chooseModels(job)) {
      const done = await this.#performOn(job, model, tally)
      if (done) return done
      if (tally.attempts >= ATTEMPTS_MAX) break
    }
    throw tally.last ?? this.#nobody(job)
  }

  /** Waiting and running requests by expert, for `readyz`. */
  state(): Readonly<Record<string, { waiting: number; waitingMax: number; inFlight: number }>> {
    return Object.fromEntries([...this.#lanes].map(([name, lane]) => [name, lane.state()]))
  }

  /** To be called after a new snapshot: waiting requests may find new miners. */
  wake(): void {
    for (const lane of this.#lanes.values()) lane.wake()
  }

  /** Shares each miner's permits with so many processes, at least one each. Running attempts beyond the new share go on. */
  share(processes: number): void {
    if (this.#picker.share(processes)) this.wake()
  }

  #chooseModels(job: Job): readonly ServedModel[] {
    const only = job.models[0]
    if (only && job.models.length === 1) return [only]
    const byOffer = new Map(
      job.models.map((model) => [
        {
          name: model.expert.name,
          model: model.listedId,
          capability: job.capability,
          priceRao: job.priceRao(model),
          minerCount: this.#options.directory.readMiners(model.expert.name).miners.length,
        },
        model,
      ]),
    )
    const chosen = this.#options.gate.choose({ capability: job.capability, model: null, units: {} }, [
      ...byOffer.keys(),
    ])
    return chosen.flatMap((offer) => byOffer.get(offer) ?? [])
  }

  async #performOn(
    job: Job,
    model: ServedModel,
    tally: { attempts: number; last: GatewayError | null },
  ): Promise<Performed | null> {
    const lane = this.#laneOf(model.expert)
    const tried = new Set<string>()
    while (tally.attempts < ATTEMPTS_MAX) {
      const permit = await lane.acquire(
        {
          accountId: job.accountId,
          isBatch: job.isBatch === true,
          takesAny: tried.size === 0,
          pick: (share) => this.#picker.pick(model.expert, { tried, share }),
        },
        job.signal,
      )
      if (!permit) return null
      tried.add(permit.slot.miner.target.hotkey)
      tally.attempts += 1
      const { block } = this.#options.directory.readMiners(model.expert.name)
      try {
        return await this.#attempt({ job, model, permit, block }, tally.attempts)
      } catch (thrown) {
        permit.release()
        const error = GatewayError.from(thrown)
        // What the caller did wrong, another miner refuses too.
        if (job.signal.aborted || error.spec.blame === 'caller') throw error
        tally.last = error
      }
    }
    return null
  }

  async #attempt({ job, model, permit, block }: Placement, attempts: number): Promise<Performed> {
    const { dialects, nowMs } = this.#options
    const { expert } = model
    const { target, incentive } = permit.slot.miner
    const dialect = dialects.get(expert.dialect)
    if (!dialect) throw new GatewayError('internal_error', `The dialect ${expert.dialect} is not installed.`)
    const startedMs = nowMs()
    const attemptDone = this.#begin(expert, target)
    let answer: Answer
    try {
      answer = await dialect.attempt(target, job.work(model), {
        timeoutMs: expert.timeoutMs,
        firstByteTimeoutMs: expert.firstByteTimeoutMs,
        signal: job.signal,
      })
    } catch (thrown) {
      const cause = thrown instanceof GatewayError ? thrown.cause : thrown
      attemptDone(
        job.signal.aborted ? 'abandoned' : cause instanceof MinerFailure ? cause : 'abandoned',
        null,
      )
      throw thrown
    }
    const latencyMs = nowMs() - startedMs
    let finished = false
    return {
      answer,
      model,
      attempts,
      latencyMs,
      provider: {
        netuid: target.netuid,
        mechid: target.mechid,
        hotkey: target.hotkey,
        uid: target.uid,
        incentive: target.netuid === null ? null : incentive,
        block,
      },
      finish: (ending) => {
        if (finished) return
        finished = true
        permit.release()
        attemptDone(ending, latencyMs)
      },
    }
  }

  #begin({ name }: ServedExpert, { netuid, hotkey }: MinerTarget): ReturnType<MinerRecords['begin']> {
    const { metrics, records } = this.#options
    const done = records.begin(netuid, hotkey)
    return (ending, latencyMs) => {
      done(ending, latencyMs)
      const outcome = typeof ending === 'string' ? ending : ending.reason
      metrics?.attempt({ expert: name, outcome, latencyMs })
    }
  }

  #laneOf(expert: ServedExpert): Lane<Slot> {
    let lane = this.#lanes.get(expert.name)
    if (!lane) {
      lane = new Lane<Slot>({ waitingMax: expert.queueDepth, nowMs: this.#options.nowMs })
      this.#lanes.set(expert.name, lane)
    }
    return lane
  }

  #nobody(job: Job): GatewayError {
    const names = [...new Set(job.models.map(({ expert }) => expert.name))]
    const why = names.map((name) => this.#options.directory.explain(name)).find((reason) => reason !== null)
    return new GatewayError(
      'no_expert_available',
      `No miner can do ${job.capability} now${why ? ` (${why})` : ''}. Nothing was charged.`,
      { retryAfterMs: NOBODY_RETRY_AFTER_MS },
    )
  }
}
