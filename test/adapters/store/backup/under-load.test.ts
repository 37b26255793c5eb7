import { describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../../../adapters/store/migrations/index.ts'
import { openBackup } from '../../../../src/backup/backup-file.ts'
import { fund, holdRequest, newCustomer, receiptFor } from '../../../contract/money.ts'
import { SERVER_URL } from '../own-database.ts'
import {
  bytesOf,
  charge,
  makeBackup,
  newRun,
  type Opened,
  openEmbedded,
  openServer,
  performStep,
  restoreBackup,
  useStore,
} from './used-store.ts'

/** Set it to 100000 for the figures in docs/operations.md. */
const RECEIPTS = Number(process.env.BACKUP_RECEIPTS ?? 5_000)
const BATCH = 500

async function fillWithReceipts({ store }: Opened): Promise<void> {
  const customer = await newCustomer(store, 10n ** 15n)
  for (let count = 0; count < RECEIPTS; count += BATCH) {
    const holds = Array.from({ length: BATCH }, () => holdRequest(customer, 1_000n))
    await store.ledger.commit({ holds, settlements: [], voids: [], captures: [] })
    const settlements = holds.map((hold) => ({ holdId: hold.id, receipt: receiptFor(hold, 3n) }))
    await store.ledger.commit({ holds: [], settlements, voids: [], captures: [] })
  }
}

for (const [name, open] of [
  ['embedded', openEmbedded],
  ['Postgres', openServer],
] as const) {
  const needsServer = open === openServer
  describe.skipIf(needsServer && SERVER_URL === null)(
    `${name}${needsServer ? ' (TEST_DATABASE_URL)' : ''}`,
    () => {
      it('a backup taken while others write is of one moment, and keeps nobody waiting for the whole', async () => {
        const from = await open()
        const to = await openEmbedded()
        try {
          await fillWithReceipts(from)
          const customer = await newCustomer(from.store, 10n ** 12n)
          const acknowledged: string[] = []
          const waitsMs: number[] = []
          let isOver = false
          const work = async (act: () => Promise<unknown>) => {
            while (!isOver) {
              const startedMs = performance.now()
              await act()
              waitsMs.push(performance.now() - startedMs)
            }
          }
          const workers = [
            work(async () => acknowledged.push(await charge(from.store, customer, 5n))),
            work(async () => acknowledged.push(await charge(from.store, customer, 6n))),
            work(() => fund(from.store, customer.accountId, 11n)),
            work(async () => {
              const run = newRun(customer)
              await from.store.runs.create(run)
              await performStep(from.store, run.id, 'first')
              await performStep(from.store, run.id, 'second')
            }),
          ]
          while (acknowledged.length < 60) await new Promise((resolve) => setImmediate(resolve))
          const before = acknowledged.length
          const quiet = waitsMs.splice(0).sort((a, b) => a - b)
          const startedMs = performance.now()
          const file = await makeBackup(from)
          const tookMs = performance.now() - startedMs
          const sorted = [...waitsMs].sort((a, b) => a - b)
          isOver = true
          await Promise.all(workers)
          const at = (share: number, of = sorted) => (of[Math.floor((of.length - 1) * share)] ?? 0).toFixed(1)
          console.log(
            `${name}: ${RECEIPTS} receipts, ${file.length} bytes in ${tookMs.toFixed(0)} ms; ` +
              `${sorted.length} transactions of others meanwhile, ms p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} ` +
              `(${quiet.length} before it: p50 ${at(0.5, quiet)}, p99 ${at(0.99, quiet)}, longest ${at(1, quiet)})`,
          )
          const report = await restoreBackup(file, to)
          expect(report.books.checks.filter(({ passed }) => !passed)).toEqual([])
          const { accountId } = customer
          const restored = new Set(
            (await to.store.ledger.listReceipts(accountId, 100_000)).map(({ id }) => id),
          )
          // What was acknowledged before it began is there; what began after it ended is not.
          expect(acknowledged.slice(0, before).filter((id) => !restored.has(id))).toEqual([])
          const { spentRao, heldRao } = await to.store.ledger.readBalance(accountId)
          const receipts = await to.store.ledger.listReceipts(accountId, 100_000)
          expect(receipts.reduce((sum, { capturedRao }) => sum + capturedRao, 0n)).toBe(spentRao)
          expect(heldRao).toBe(BigInt(report.openRuns) * 1_000n - (await capturedOfOpenRuns(to)))
          // Events of each run are without gaps, whether it was open or not.
          expect(
            await to.query(`select r.id from yumagate.run r where r.last_sequence <>
            (select count(*) from yumagate.run_event e where e.run_id = r.id)`),
          ).toEqual([])
        } finally {
          await Promise.all([from.close(), to.close()])
        }
      }, 600_000)
    },
  )
}

async function capturedOfOpenRuns({ query }: Opened): Promise<bigint> {
  const [row] = await query(`select coalesce(sum(h.captured), 0)::text as sum from yumagate.hold h
    join yumagate.run r on r.hold_id = h.id where r.ended_at is null`)
  return BigInt(String(row?.sum))
}

it('an older backup is restored under its own migrations and brought up to date', async () => {
  const from = await openEmbedded()
  const to = await openEmbedded()
  try {
    const { customer } = await useStore(from)
    const { source } = await openBackup(bytesOf(await makeBackup(from)))
    const migrations = MIGRATIONS.map(({ name }) => name)
    const later = new Set(['key_meter', 'store_chain', 'audit_log'])
    const report = await to.backup.restore(
      {
        moment: { ...source.moment, migrations: migrations.slice(0, 7) },
        play: (target) =>
          source.play({
            ...target,
            rows: async (table, lines) => (later.has(table) ? undefined : target.rows(table, lines)),
          }),
      },
      to.writeContent,
    )
    expect(report.migrated).toEqual(migrations.slice(7))
    expect(report.books.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(await to.store.accounts.findKey(customer.sha256)).toMatchObject({ rules: null })
    const newer = { ...source.moment, migrations: [...migrations, '9999-future'] }
    await expect(async () => from.backup.restore({ ...source, moment: newer }, null)).rejects.toThrow(
      'newer version',
    )
  } finally {
    await Promise.all([from.close(), to.close()])
  }
})

it('a file that turns out to be damaged while it is restored leaves the target empty', async () => {
  const from = await openEmbedded()
  const to = await openEmbedded()
  try {
    await useStore(from)
    const file = await makeBackup(from)
    const { source } = await openBackup(bytesOf(file))
    file[file.length - 20] = (file[file.length - 20] ?? 0) ^ 1
    await expect(to.backup.restore(source, to.writeContent)).rejects.toThrow('not whole')
    expect(await to.store.accounts.list()).toEqual([])
  } finally {
    await Promise.all([from.close(), to.close()])
  }
})
