/**
 * The port to what goes after a time: ended runs and old files. Money never goes: the journal, holds, receipts and deposits are the books,
 * and the log of changes is evidence. Ages are told by the database's clock.
 */

/** What one call has removed. */
export type RemovedRuns = {
  readonly runs: number
  /** Runs, steps and events together. */
  readonly rows: number
}

/** Files that the gateway made for an account, or all others: those that callers have sent. */
export type FileOrigin = 'made' | 'uploaded'

/** The purpose that marks a file which the gateway made. */
export const MADE_PURPOSE = 'pipeline_output'

export interface Retention {
  /**
   * Removes runs that ended longer ago than that, the oldest first, each with its steps, events and idempotency key at once. Takes no more
   * than about `rowsMax` rows, but at least one run; passes those that somebody else is removing. The hold and the receipts stay.
   *
   * @returns zero runs when none is left to take
   */
  removeRuns(options: { readonly olderThanMs: number; readonly rowsMax: number }): Promise<RemovedRuns>
  /**
   * Removes records of files that are older than that, but for those that the definition of a run names which has not ended.
   *
   * @returns their ids, at most `limit`, the oldest first; their content is the caller's to remove
   */
  removeFiles(options: {
    readonly origin: FileOrigin
    readonly olderThanMs: number
    readonly limit: number
  }): Promise<readonly string[]>
  /** Which of these ids no file has. */
  listUnnamed(ids: readonly string[]): Promise<readonly string[]>
}
