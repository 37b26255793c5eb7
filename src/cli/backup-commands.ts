/** `yumagate backup`, `restore` and `ledger export`: what they do with files and say to people. */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { type BackupFile, openBackup } from '../backup/backup-file.ts'
import { type AbsentRow, BackupError, type StoreBackup } from '../ports/backup.ts'
import type { Blobs } from '../ports/store.ts'
import { formatTao } from '../units.ts'
import { CommandError } from './admin-client.ts'
import { printReport } from './commands.ts'
import { saveFile } from './save-file.ts'

type WriteCopy = (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>

export type OpenedCopyStore = {
  readonly backup: StoreBackup
  readonly blobs: Pick<Blobs, 'read' | 'write'>
  /** Where files are restored to; null for the database itself. */
  readonly writeContent: Blobs['write'] | null
  close(): Promise<void>
}

/** Where copies come from and go to. */
export type CopyPlace = {
  readonly backup: WriteCopy
  readonly exportLedger: WriteCopy
  /** The store of the settings, for this command alone. */
  open(): Promise<OpenedCopyStore>
  /** An earlier store, to look at. @param place - a data directory, or the URL of a Postgres */
  openPrevious(place: string): Promise<Pick<OpenedCopyStore, 'backup' | 'close'>>
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}
const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** How many of what is absent are named one by one. */
const NAMED_MAX = 20

export async function runBackup(file: string, place: CopyPlace): Promise<void> {
  say('Reading the store …')
  let made: BackupFile | null = null
  const sizeBytes = await saveFile({
    ...{ file, produce: place.backup, progress: say },
    async check(part) {
      say('Checking what was written …')
      made = await openFile(part)
    },
  })
  if (made !== null) describe(made)
  print(
    `${file}: ${sizeBytes} bytes. It holds the hashes of keys and all balances: keep it as you keep the store.`,
  )
}

/** @returns whether the books of the restored store balance */
export async function runRestore(
  file: string,
  { previous }: { readonly previous?: string },
  place: CopyPlace,
): Promise<boolean> {
  say('Checking the backup …')
  const backup = await openFile(file)
  describe(backup)
  const old = previous === undefined ? null : await place.openPrevious(previous)
  try {
    const opened = await place.open()
    try {
      say('Restoring …')
      const source = withProgress(backup)
      const report = await opened.backup.restore(source, opened.writeContent)
      if (report.migrated.length > 0) print(`schema: applied ${report.migrated.join(', ')}`)
      print(
        `${report.holds} holds of requests that were under way are released, ${report.openRuns} runs go on at the next start.`,
      )
      await tellAbsent({ backup, old: old?.backup ?? null, restored: opened.backup })
      return printReport(report.books, { json: false })
    } finally {
      await opened.close()
    }
  } finally {
    await old?.close()
  }
}

/** @param file - null for standard output */
export async function runExport(file: string | null, place: CopyPlace): Promise<void> {
  if (file !== null) {
    await saveFile({ file, produce: place.exportLedger, progress: say })
    return
  }
  await place.exportLedger(async (bytes) => {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
  })
}

async function openFile(file: string): Promise<BackupFile> {
  try {
    return await openBackup(() => createReadStream(file))
  } catch (error) {
    if (error instanceof BackupError) throw new CommandError(`${file}: ${error.message}`)
    if (error instanceof Error && 'syscall' in error)
      throw new CommandError(`${file} cannot be read: ${error.message}`)
    throw error
  }
}

function describe({ gateway, moment, counts, contents }: BackupFile): void {
  const { madeAt, cursor } = moment
  print(
    `Backup of ${madeAt}, made by version ${gateway}, deposits up to block ${cursor?.number ?? '(none)'}:`,
  )
  print(
    `  ${[...counts].map(([table, count]) => `${table} ${count}`).join(', ')}; contents of files ${contents}`,
  )
}

function withProgress({ source, counts }: BackupFile): BackupFile['source'] {
  return {
    moment: source.moment,
    play(target) {
      let current = ''
      return source.play({
        ...target,
        async rows(table, lines) {
          if (table !== current) say(`  ${table}: ${counts.get(table) ?? 0} rows`)
          current = table
          await target.rows(table, lines)
        },
      })
    },
  }
}

async function tellAbsent({
  backup,
  old,
  restored,
}: {
  readonly backup: BackupFile
  readonly old: StoreBackup | null
  readonly restored: StoreBackup
}): Promise<void> {
  const { madeAt, cursor } = backup.moment
  if (old === null) {
    print(
      `What was charged, opened or changed after ${madeAt} is absent; --previous lists it while the old store can still be read. ` +
        `Deposits after block ${cursor?.number ?? '(none)'} are credited again by the watcher, to the accounts that there are.`,
    )
    return
  }
  const sums = new Map<AbsentRow['kind'], { count: number; rao: bigint }>()
  let named = 0
  await old.listAbsent(restored, ({ kind, id, accountId, amountRao }) => {
    const sum = sums.get(kind) ?? { count: 0, rao: 0n }
    sums.set(kind, { count: sum.count + 1, rao: sum.rao + amountRao })
    named += 1
    if (named <= NAMED_MAX) print(`  absent: ${kind} ${id} of ${accountId}, ${amountRao} rao`)
  })
  if (named > NAMED_MAX) print(`  … and ${named - NAMED_MAX} more`)
  const of = (kind: AbsentRow['kind']) => sums.get(kind) ?? { count: 0, rao: 0n }
  const { receipt, deposit, run } = { receipt: of('receipt'), deposit: of('deposit'), run: of('run') }
  print(
    `Absent of the previous store: ${receipt.count} charges of ${formatTao(receipt.rao)} TAO, ` +
      `${deposit.count} deposits of ${formatTao(deposit.rao)} TAO (the watcher credits them again), ${run.count} runs.`,
  )
}
