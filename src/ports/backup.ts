/** The port to copying a whole store out and in: rows as JSON texts, so that no amount ever passes through a number. */
import type { DepositCursor, LedgerReport } from './ledger.ts'

/** The moment that a copy is of. */
export type BackupMoment = {
  /** Names of all migrations of the schema, in order. */
  readonly migrations: readonly string[]
  /** ISO 8601 with microseconds, UTC, the database's clock. */
  readonly madeAt: string
  /** Up to where deposits were credited; null before the first block. */
  readonly cursor: DepositCursor | null
  /** Highest number given out so far, by table, as decimal text. Gaps mean nothing. */
  readonly watermarks: Readonly<Record<string, string>>
}

export type BackupReader = {
  /** Comes first, once. */
  moment(moment: BackupMoment): Promise<void>
  /** Rows of one table, each one line of JSON. All of a table come before those of the next; who refers comes after what is referred to. */
  rows(table: string, lines: readonly string[]): Promise<void>
}

/** A stored file's content, or that there was none any more. */
export type BackupContent = { readonly key: string; readonly bytes: Uint8Array | null }

export type BackupSource = {
  readonly moment: Pick<BackupMoment, 'migrations' | 'madeAt'>
  /** Runs through all rows, then all contents, in the order that they were read in. Rejects when the source turns out to be damaged. */
  play(target: {
    rows(table: string, lines: readonly string[]): Promise<void>
    content(content: BackupContent): Promise<void>
  }): Promise<void>
}

export type RestoreReport = {
  /** Migrations applied after the rows, because the backup was older. */
  readonly migrated: readonly string[]
  /** Holds of single requests that were released. */
  readonly holds: number
  /** Runs that go on at the next start. */
  readonly openRuns: number
  readonly books: LedgerReport
}

/** Something that one store has and another has not. */
export type AbsentRow = {
  readonly kind: 'receipt' | 'deposit' | 'run'
  readonly id: string
  readonly accountId: string
  /** Charged or credited; zero for a run, whose receipts are rows of their own. */
  readonly amountRao: bigint
}

export interface StoreBackup {
  /** Reads everything as of one moment while others go on writing. */
  read(reader: BackupReader): Promise<void>
  /**
   * Writes the journal and the balances of customers as of one moment: lines of JSON, amounts as text.
   *
   * @param write - gets lines without their end
   */
  exportLedger(write: (lines: readonly string[]) => Promise<void>): Promise<void>
  /**
   * Fills the store, all or nothing.
   *
   * @param writeContent - where files lie when not in this database; else null
   * @throws BackupError the store has accounts, a process works on it, or the rows are of a newer version
   */
  restore(
    source: BackupSource,
    writeContent: ((key: string, bytes: Uint8Array) => Promise<void>) | null,
  ): Promise<RestoreReport>
  /** Receipts, deposits and runs that are here and not in the other. */
  listAbsent(from: StoreBackup, found: (row: AbsentRow) => void): Promise<void>
  /** Which of these are not here. */
  findMissing(kind: AbsentRow['kind'], ids: readonly string[]): Promise<ReadonlySet<string>>
}

/** A backup cannot be made or restored, for a reason that one line tells. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}
