/** One row that waits for a commit, and how rows become a batch of the ledger and its outcome their answers. */
import type {
  HoldOutcome,
  HoldRequest,
  LedgerBatch,
  LedgerBatchOutcome,
  Settlement,
  SettleOutcome,
} from '../ports/ledger.ts'

export type CommitEntry = {
  /** The last moment, in monotonic milliseconds, at which a commit with it may start. */
  readonly startByMs: number
  /** Whether a commit with it was started: then nobody knows whether it was done. */
  sent: boolean
} & (
  | {
      readonly kind: 'hold'
      readonly request: HoldRequest
      readonly resolve: (outcome: HoldOutcome) => void
      readonly reject: (error: unknown) => void
    }
  | {
      readonly kind: 'settle'
      readonly settlement: Settlement
      /** Of a hold of its own: for how long the void that follows a failure is tried. Null out of a spend lease, which stays open. */
      readonly ttlMs: number | null
      readonly resolve: (outcome: SettleOutcome) => void
      readonly reject: (error: unknown) => void
    }
  | { readonly kind: 'void'; readonly holdId: string; readonly resolve: () => void }
)

export function buildBatch(entries: readonly CommitEntry[]): LedgerBatch {
  const holds: HoldRequest[] = []
  const settlements: Settlement[] = []
  const captures: Settlement[] = []
  const voids: string[] = []
  for (const entry of entries) {
    entry.sent = true
    if (entry.kind === 'hold') holds.push(entry.request)
    else if (entry.kind === 'void') voids.push(entry.holdId)
    else (entry.ttlMs === null ? captures : settlements).push(entry.settlement)
  }
  return { holds, settlements, captures, voids }
}

/** Answers every entry. @throws Error, before any was answered, when the outcome does not fit the batch */
export function answerEntries(
  entries: readonly CommitEntry[],
  batch: LedgerBatch,
  outcome: LedgerBatchOutcome,
): void {
  const fits =
    outcome.holds.length === batch.holds.length &&
    outcome.settlements.length === batch.settlements.length &&
    outcome.captures.length === batch.captures.length
  if (!fits) throw new Error('the ledger answered another number of rows than it was given')
  let hold = 0
  let settlement = 0
  let capture = 0
  for (const entry of entries) {
    if (entry.kind === 'void') entry.resolve()
    else if (entry.kind === 'hold') {
      const held = outcome.holds[hold++]
      if (held) entry.resolve(held)
    } else {
      const settled = entry.ttlMs === null ? outcome.captures[capture++] : outcome.settlements[settlement++]
      if (settled) entry.resolve(settled)
    }
  }
}
