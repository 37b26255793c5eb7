/** Pipelines: several steps in one job with one bill. What they promise, and what they are made of. */
import type { Timing } from '../billing/timing.ts'
import type { Caller } from '../inference/pay.ts'
import type { Logger } from '../ports/logger.ts'
import type { StepQueue } from '../ports/queue.ts'
import type { Run, RunEvent, Runs } from '../ports/runs.ts'
import type { CompiledRun, CompileOptions } from './admission/compile.ts'
import type { StepUse } from './language/definition.ts'
import { PipelineDesk } from './pipeline-desk.ts'
import type { StepTools } from './steps/step-order.ts'

export type PipelinesOptions = CompileOptions &
  StepTools & {
    readonly runs: Runs
    readonly queue: StepQueue
    readonly timing: Timing
    readonly log: Logger
    /** Bytes from a cryptographic source. */
    readonly random: (sizeBytes: number) => Uint8Array
    /** Names this process in its leases; another one after each start. */
    readonly processId: string
    /** Whether this process works on steps itself; it sweeps in either case. */
    readonly isWorking: boolean
    /** Whether no other process works on this store: then what others had claimed is taken up at once. */
    readonly isAlone: boolean
    /** The chain on which an account is topped up; null while it is not known. */
    readonly readGenesisHash: () => string | null
    /** As `Purse.recall`. */
    readonly recall: (accountId: string) => Promise<boolean>
    /** How many steps of each kind run at once in this process. */
    readonly concurrency?: Partial<Readonly<Record<StepUse, number>>>
    /** How long a claim holds without being renewed. */
    readonly leaseMs?: number
  }

export type CreateOrder = {
  /** The body, parsed from JSON. */
  readonly value: unknown
  /** Null without an `Idempotency-Key`. The fingerprint is a hash of the body's bytes. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null
  readonly signal: AbortSignal
}

export type CreateOutcome =
  | { readonly kind: 'created' | 'replayed'; readonly run: Run }
  /** A dry run: nothing was held or written. */
  | { readonly kind: 'estimate'; readonly compiled: CompiledRun }

export type PipelinesState = {
  /** Steps that run in this process now. */
  readonly running: number
  readonly queue: ReturnType<StepQueue['state']>
  /** What keeps runs from going on, for people; null when nothing does. */
  readonly problem: string | null
}

export type Pipelines = {
  /**
   * Accepts a run: checked, priced, held and written, in that order; whatever is refused leaves nothing behind.
   *
   * @throws GatewayError as `compile` · `insufficient_quota` with `extra.topup` · `invalid_api_key` the key was revoked ·
   *   `idempotency_mismatch` the key came with another body · `ledger_unavailable` · `shutting_down`
   */
  create(caller: Caller, order: CreateOrder): Promise<CreateOutcome>
  /** @throws GatewayError `not_found`, also for another account's */
  find(runId: string, accountId: string): Promise<Run>
  /** Newest first. */
  list(
    accountId: string,
    page: { readonly limit: number; readonly after: string | null },
  ): Promise<readonly Run[]>
  /** Ends a run; what runs of it is stopped. @throws GatewayError `not_found` · `conflict` it has ended */
  cancel(runId: string, accountId: string): Promise<Run>
  /** Waits for the end of a run, at most so long. @returns the run as it is then */
  wait(run: Run, patience: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<Run>
  /** Events after that sequence number, from 0; ends after the last one. Whose run it is, `find` says. */
  events(
    runId: string,
    place: { readonly after: number; readonly signal: AbortSignal },
  ): AsyncIterable<RunEvent>
  /** Takes up what is due and works on what comes. */
  start(): void
  /** Takes no more steps, waits at most `drainMs` for those that run, then gives them back. */
  close(drainMs: number): Promise<void>
  state(): PipelinesState
}

/** @returns the pipelines of this process; `start` them once everything that they are made of serves */
export function createPipelines(options: PipelinesOptions): Pipelines {
  return new PipelineDesk(options)
}
