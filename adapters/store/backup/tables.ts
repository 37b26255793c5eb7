/** What a backup holds, table by table, in an order in which rows can be inserted again. A test compares it with the schema. */

export type BackupTable = {
  readonly name: string
  /** Blocks of 8 KiB that one statement reads: few where a row may be large. */
  readonly blocksPerPage: number
  /** Which rows may still change, or are too few to tell apart: a condition on `t`. */
  readonly changing: string
  /**
   * Which other rows were there at the moment of the watermarks: a condition on `t` in which `$name` stands for the watermark of that name.
   * Such rows never change, though they may be removed. Null when there are none.
   */
  readonly settled: string | null
}

/** Numbers that are given out in order: their last value is a watermark. */
export const SEQUENCES: Readonly<Record<string, string>> = {
  txn: 'yumagate.txn_number',
  ledger_account: 'yumagate.ledger_account_number_seq',
  account: 'yumagate.account_number_seq',
  receipt: 'yumagate.receipt_number_seq',
  deposit: 'yumagate.deposit_number_seq',
  run: 'yumagate.run_number_seq',
  file: 'yumagate.file_number_seq',
  audit_log: 'yumagate.audit_log_number_seq',
}

const PAGE_BLOCKS = 32

/**
 * A closed hold has one closing entry in the journal, and a run that has ended has a closed hold: the journal's number tells when. Single
 * values, so that they are looked up: as a join they are planned without statistics, which nobody gathers in the embedded database.
 */
const isClosed = (hold: string): string =>
  `coalesce((select x.number from yumagate.txn x where x.id = 'rel:' || ${hold}),
     (select x.number from yumagate.txn x where x.id = 'cap:' || substr(${hold}, 6) and x.kind = 'settle')) <= $txn`

const runOf = (condition: string): string => `(select ${condition} from yumagate.run r where r.id = t.run_id)`

const small = (name: string): BackupTable => ({
  ...{ name, blocksPerPage: PAGE_BLOCKS, changing: 'true', settled: null },
})
const appended = (name: string, settled: string): BackupTable => ({
  ...{ name, blocksPerPage: PAGE_BLOCKS, changing: 'false', settled },
})

export const TABLES: readonly BackupTable[] = [
  appended('account', 't.number <= $account'),
  small('api_key'),
  appended('ledger_account', 't.number <= $ledger_account'),
  appended('txn', 't.number <= $txn'),
  appended('entry', 't.txn_number <= $txn'),
  small('purse'),
  {
    ...{ name: 'hold', blocksPerPage: PAGE_BLOCKS, changing: 't.closed_at is null' },
    settled: `t.closed_at is not null and ${isClosed('t.id')}`,
  },
  small('key_meter'),
  appended('receipt', 't.number <= $receipt'),
  appended('deposit', 't.number <= $deposit'),
  small('deposit_cursor'),
  small('store_chain'),
  {
    ...{ name: 'run', blocksPerPage: 1, changing: 't.ended_at is null' },
    settled: `t.ended_at is not null and ${isClosed('t.hold_id')}`,
  },
  {
    ...{ name: 'run_step', blocksPerPage: 1, changing: runOf('r.ended_at is null') },
    settled: runOf(`r.ended_at is not null and ${isClosed('r.hold_id')}`),
  },
  {
    ...{ name: 'run_event', blocksPerPage: 4, changing: runOf('r.ended_at is null') },
    settled: runOf(`r.ended_at is not null and ${isClosed('r.hold_id')}`),
  },
  appended('file', 't.number <= $file'),
  // Replaced as wholes, each by itself: price catalogues are written before a run names them, and never removed.
  { ...{ name: 'document', blocksPerPage: 1, changing: 'false', settled: 'true' } },
  appended('audit_log', 't.number <= $audit_log'),
]

/** Of living processes only, or content that is copied as such. */
export const LEFT_OUT: readonly string[] = [
  'migration',
  'process',
  'lease',
  'miner_sighting',
  'rate_bucket',
  'blob',
  'blob_chunk',
]
