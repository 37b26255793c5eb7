/** The port to pipeline runs: rows are the authority, a queued job carries ids only and may be lost or come twice. */
import type { Capability } from './capability.ts'
import type { HoldShortage, Receipt } from './ledger.ts'
import type { StepReference } from './queue.ts'

export type RunStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired'
export type StepStatus = 'pending' | 'ready' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled'

export type RunError = { readonly code: string; readonly message: string }

export type RunStep = {
  readonly id: string
  readonly use: Capability | 'text.concat'
  readonly status: StepStatus
  /** Attempts at miners in all. */
  readonly attempts: number
  /** Raised by each claim; a commit with an older number changes nothing. */
  readonly fence: number
  /** Output in the shape of its capability; null before it succeeded. */
  readonly output: unknown
  readonly error: RunError | null
  readonly costRao: bigint
  readonly receiptId: string | null
  /** Netuid, hotkey, uid, incentive … of the miner that answered, as JSON. */
  readonly provider: unknown
  readonly startedAt: string | null
  readonly endedAt: string | null
}

export type Run = {
  /** `run_…`. */
  readonly id: string
  readonly accountId: string
  readonly keyId: string
  readonly status: RunStatus
  /** The validated definition, as JSON. */
  readonly definition: unknown
  readonly priceVersion: string
  readonly holdId: string
  readonly heldRao: bigint
  readonly capturedRao: bigint
  readonly releasedRao: bigint
  readonly output: unknown
  readonly partial: boolean
  readonly error: RunError | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly expiresAt: string
  readonly steps: readonly RunStep[]
}

export type RunEvent = {
  /** 1, 2, 3 … without gaps within a run. */
  readonly sequence: number
  readonly type: string
  readonly stepId: string | null
  readonly at: string
  /** The event's own members, as JSON. */
  readonly data: Readonly<Record<string, unknown>>
}

export type NewEvent = {
  readonly type: string
  readonly stepId: string | null
  readonly data: Readonly<Record<string, unknown>>
}

export type NewRun = {
  readonly id: string
  readonly accountId: string
  readonly keyId: string
  readonly definition: unknown
  readonly priceVersion: string
  /** More than 0; held in the same transaction as the rows are written. */
  readonly holdRao: bigint
  readonly timeoutMs: number
  readonly steps: readonly {
    readonly id: string
    readonly use: Capability | 'text.concat'
    readonly ready: boolean
  }[]
  readonly events: readonly NewEvent[]
  /** `Idempotency-Key` and fingerprint of the body; null without one. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null
}

export type CreateRunOutcome =
  | { readonly kind: 'created'; readonly run: Run }
  /** The same idempotency key with the same fingerprint: the run made then. */
  | { readonly kind: 'replayed'; readonly run: Run }
  | { readonly kind: 'mismatch' }
  | HoldShortage

/** Which claim of which step: an older claim of the same step has a lower fence. */
export type ClaimReference = { readonly runId: string; readonly stepId: string; readonly fence: number }

/** What changes in a run, written in one transaction that checks the claim's fence. */
export type StepCommit = {
  readonly status: 'succeeded' | 'failed' | 'skipped' | 'ready'
  readonly attempts: number
  readonly output: unknown
  readonly error: RunError | null
  readonly provider: unknown
  /** Captured out of the run's hold under `cap:<run>:<step>`, once, whatever happens; null when nothing is charged. */
  readonly receipt: Receipt | null
  /** Steps that become ready, or are skipped, by this one's end. */
  readonly ready: readonly string[]
  readonly skipped: readonly string[]
  readonly events: readonly NewEvent[]
  /** Not due before this long from now (a retry after a pause); 0 at once. Only with status `ready`. */
  readonly delayMs: number
  /** When the run ends with this commit: its status, output and error; what is left of the hold is released. */
  readonly end: RunEnd | null
}

export type RunEnd = {
  readonly status: 'succeeded' | 'failed' | 'cancelled' | 'expired'
  readonly output: unknown
  readonly partial: boolean
  readonly error: RunError | null
}

export type StepClaim = { readonly run: Run; readonly stepId: string; readonly fence: number }

export type ClaimOptions = {
  readonly processId: string
  readonly leaseMs: number
  /** Events of the claim, appended in its transaction. @param isFirst - whether it is the run's first one */
  readonly announce: (claim: StepClaim, isFirst: boolean) => readonly NewEvent[]
}

/**
 * Whoever changes a run decides by the run as it is, which the store reads under the lock of the run and hands to the callback: two
 * processes that end two steps of one run at the same moment see each other's end. A callback is pure and quick; what it throws undoes
 * the transaction.
 */
export interface Runs {
  create(run: NewRun): Promise<CreateRunOutcome>
  /** Null when it does not exist or belongs to another account; `accountId` null reads any. */
  find(runId: string, accountId: string | null): Promise<Run | null>
  list(
    accountId: string,
    options: { readonly limit: number; readonly after: string | null },
  ): Promise<readonly Run[]>
  /** Takes a ready, due step, or one whose lease has ended, for `leaseMs` by the database's clock. Null when it is not to be had. */
  claim(runId: string, stepId: string, options: ClaimOptions): Promise<StepClaim | null>
  /** Prolongs a lease. @returns false when the claim was lost, or the run has ended */
  renew(claim: ClaimReference, leaseMs: number): Promise<boolean>
  /** Writes a step's end. @returns what was written; null, with nothing changed, when the fence is old or the run has ended */
  commitStep(claim: ClaimReference, conclude: (run: Run) => StepCommit): Promise<StepCommit | null>
  /** The rest of the port, for whoever watches runs rather than works on them. */
  readonly log: RunLog
}

export interface RunLog {
  /** Ends a run that is not yet ended: open steps become cancelled, the rest of the hold is released. @returns false when it had ended */
  endRun(
    runId: string,
    conclude: (run: Run) => { readonly end: RunEnd; readonly event: NewEvent },
  ): Promise<boolean>
  /** Appends an event to a run that has not ended. @returns false when it had ended */
  append(runId: string, event: NewEvent): Promise<boolean>
  /** Events after that sequence number, in order, at most `limit`. */
  listEvents(runId: string, after: number, limit: number): Promise<readonly RunEvent[]>
  /**
   * Takes steps that the queue may have lost: due, not leased, of runs that have not ended, and not taken by this call, of whichever
   * process, in the last `patienceMs`. Also tells of runs that are past their time.
   */
  takeDue(options: { readonly limit: number; readonly patienceMs: number }): Promise<{
    readonly steps: readonly StepReference[]
    readonly expiredRunIds: readonly string[]
  }>
  /** Which of these runs have ended, whoever ended them. */
  listEnded(runIds: readonly string[]): Promise<readonly string[]>
  /** Makes the steps that a dead or ended process had claimed due again (embedded: all but those of `keepProcessId`). @returns how many */
  releaseLeases(keepProcessId: string): Promise<number>
  /** Whether the account had such a run, and it was removed since: its hold is still in the books. */
  wasRemoved(runId: string, accountId: string): Promise<boolean>
}
