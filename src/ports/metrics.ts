/** The port to those who watch the gateway: counts what happens, and writes it down with the state of the parts when asked. */

export type AnswerFacts = {
  /** As in openapi.yaml, such as `/v1/files/{file}`; `other` for what is not there. */
  readonly route: string
  /** HTTP status; 499 when the client left before there was one. */
  readonly status: number
  readonly tookMs: number
}

export type AttemptFacts = {
  /** Name of the expert, from the subnets file. Hotkeys are not told: there are too many. */
  readonly expert: string
  /** `whole`, `abandoned` by the caller, or why it failed. */
  readonly outcome: string
  /** To the first byte; null when there was none. */
  readonly latencyMs: number | null
}

/** What the parts say of themselves at one moment. */
export type PartStates = {
  readonly parts: Readonly<Record<string, { readonly ready: boolean; readonly problem: string | null }>>
  readonly lines: Readonly<
    Record<string, { readonly waiting: number; readonly waitingMax: number; readonly inFlight: number }>
  >
  readonly callable: Readonly<Record<string, number>>
  readonly ledger: {
    readonly batches: number
    readonly rows: number
    readonly failedBatches: number
    readonly queued: number
    readonly open: number
    readonly leases: number
  }
  /** Seconds and blocks; null while not known. */
  readonly chainHeadAgeS: number | null
  readonly snapshotAgeS: number | null
  readonly depositLagBlocks: number | null
  readonly retention: {
    /** Since this process last went through everything; null when it has not. */
    readonly sweptAgeS: number | null
    readonly removed: { readonly runs: number; readonly files: number; readonly leftovers: number }
  }
  readonly runningRequests: number
  readonly bodyBytes: number
}

export interface Metrics {
  /** Counts an answer that is complete. */
  answer(facts: AnswerFacts): void
  /** Counts an attempt at a miner that has ended. */
  attempt(facts: AttemptFacts): void
  /** Everything as text, with its content type. */
  write(states: PartStates): Promise<{ readonly type: string; readonly text: string }>
}
