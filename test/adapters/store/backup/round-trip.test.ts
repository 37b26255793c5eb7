import { describe, expect, it } from 'vitest'
import { LEFT_OUT, TABLES } from '../../../../adapters/store/backup/tables.ts'
import { openBackup } from '../../../../src/backup/backup-file.ts'
import { BackupError } from '../../../../src/ports/backup.ts'
import { fund, newCustomer } from '../../../contract/money.ts'
import { SERVER_URL } from '../own-database.ts'
import {
  bytesOf,
  charge,
  FUNDS_RAO,
  makeBackup,
  type Opened,
  openEmbedded,
  openServer,
  performStep,
  restoreBackup,
  useStore,
} from './used-store.ts'

const WAYS: readonly (readonly [string, () => Promise<Opened>, () => Promise<Opened>])[] = [
  ['embedded to embedded', openEmbedded, openEmbedded],
  ['embedded to Postgres', openEmbedded, openServer],
  ['Postgres to embedded', openServer, openEmbedded],
]

for (const [name, openOld, openNew] of WAYS) {
  const needsServer = openOld === openServer || openNew === openServer
  describe.skipIf(needsServer && SERVER_URL === null)(
    `${name}${needsServer ? ' (TEST_DATABASE_URL)' : ''}`,
    () => {
      it('a used store is whole after the restore, and goes on', async () => {
        const from = await openOld()
        const to = await openNew()
        try {
          const used = await useStore(from)
          const { customer, receiptId, ended, halfway, claimed, fileId, bytes } = used
          const { accountId } = customer
          const file = await makeBackup(from)
          const before = await from.store.ledger.readBalance(accountId)

          const report = await restoreBackup(file, to)
          expect(report.books.checks.filter(({ passed }) => !passed)).toEqual([])
          expect(report).toMatchObject({ holds: 1, openRuns: 2, migrated: [] })

          // The hold of the request that was under way has gone back; those of open runs have not.
          expect(await to.store.ledger.readBalance(accountId)).toEqual({
            ...before,
            availableRao: before.availableRao + 500n,
            heldRao: before.heldRao - 500n,
          })
          expect(before.availableRao + before.heldRao + before.spentRao).toBe(FUNDS_RAO)
          expect(await to.store.accounts.findKey(customer.sha256)).toMatchObject({
            accountId,
            revokedAt: null,
          })
          const receipts = await from.store.ledger.listReceipts(accountId, 100)
          expect(await to.store.ledger.listReceipts(accountId, 100)).toEqual(receipts)
          expect(await to.store.ledger.findReceipt(accountId, receiptId)).toMatchObject({ capturedRao: 7n })
          expect(await to.store.files.find(fileId, accountId)).toEqual(
            await from.store.files.find(fileId, accountId),
          )
          const stored = to.blobs
          expect(Buffer.from(await stored.read(fileId)).equals(bytes)).toBe(true)
          expect((await to.store.documents.read('prices:1'))?.json).toEqual({ b: 1.5, a: [1, 2] })
          expect(await to.store.audit.list({ limit: 100, before: null })).toEqual(
            await from.store.audit.list({ limit: 100, before: null }),
          )
          expect(await to.store.runs.find(ended, accountId)).toEqual(
            await from.store.runs.find(ended, accountId),
          )
          expect(await to.store.runs.log.listEvents(ended, 0, 100)).toEqual(
            await from.store.runs.log.listEvents(ended, 0, 100),
          )

          // A copy of the copy, before anything new is written, has all of it too.
          const first = (await openBackup(bytesOf(file))).counts
          const second = (await openBackup(bytesOf(await makeBackup(to)))).counts
          // The holds that were released have left an entry each.
          const released = new Map(first).set('txn', (first.get('txn') ?? 0) + 1)
          released.set('entry', (first.get('entry') ?? 0) + 1)
          expect([...second].sort()).toEqual([...released].sort())

          // Open runs are due and are finished.
          const due = await to.store.runs.log.takeDue({ limit: 100, patienceMs: 0 })
          expect(due.expiredRunIds).toEqual([])
          expect(due.steps.map(({ runId, stepId }) => `${runId}/${stepId}`).sort()).toEqual(
            [`${halfway}/second`, `${claimed}/first`].sort(),
          )
          await performStep(to.store, halfway, 'second')
          await performStep(to.store, claimed, 'first')
          await performStep(to.store, claimed, 'second')
          expect(await to.store.runs.find(halfway, accountId)).toMatchObject({ status: 'succeeded' })

          // What is new is numbered behind what is old.
          await charge(to.store, customer, 9n)
          await charge(to.store, await newCustomer(to.store, 5_000n), 9n)
          expect((await to.store.ledger.verify()).checks.filter(({ passed }) => !passed)).toEqual([])
        } finally {
          await Promise.all([from.close(), to.close()])
        }
      })

      it('the watcher goes on at the cursor: a deposit after the backup is credited again, once', async () => {
        const from = await openOld()
        const to = await openNew()
        try {
          const { customer } = await useStore(from)
          const file = await makeBackup(from)
          const cursor = await from.store.deposits.readCursor()
          await fund(from.store, customer.accountId, 1_234n)
          const after = await from.store.deposits.readCursor()
          if (!after) throw new Error('no cursor')
          await restoreBackup(file, to)
          expect(await to.store.deposits.readCursor()).toEqual(cursor)
          const { depositAddress } = await to.store.accounts.get(customer.accountId)
          const credits = [{ eventIndex: 0, from: 'somebody', to: depositAddress, amountRao: 1_234n }]
          const credited = await to.store.deposits.credit(cursor, after, credits)
          expect(credited).toEqual([{ accountId: customer.accountId, amountRao: 1_234n }])
          await expect(to.store.deposits.credit(cursor, after, credits)).rejects.toThrow('moved')
          const deposits = await to.store.deposits.listDeposits(customer.accountId, 10)
          expect(deposits.map(({ amountRao }) => amountRao)).toEqual([1_234n, FUNDS_RAO])
        } finally {
          await Promise.all([from.close(), to.close()])
        }
      })

      it('what came after the backup is told by comparing with the old store', async () => {
        const from = await openOld()
        const to = await openNew()
        try {
          const { customer, halfway } = await useStore(from)
          const file = await makeBackup(from)
          const receiptId = await charge(from.store, customer, 42n)
          await performStep(from.store, halfway, 'second')
          await fund(from.store, customer.accountId, 77n)
          await restoreBackup(file, to)
          const absent: string[] = []
          await from.backup.listAbsent(to.backup, ({ kind, id, accountId, amountRao }) => {
            expect(accountId).toBe(customer.accountId)
            absent.push(`${kind} ${kind === 'deposit' ? '' : id} ${amountRao}`)
          })
          expect(absent.sort()).toEqual(
            ['deposit  77', `receipt ${receiptId} 42`, `receipt rcp_${halfway}_second 100`].sort(),
          )
        } finally {
          await Promise.all([from.close(), to.close()])
        }
      })
    },
  )
}

describe('a target', () => {
  it('that has accounts is refused and keeps them', async () => {
    const from = await openEmbedded()
    try {
      await useStore(from)
      const file = await makeBackup(from)
      const before = await from.query('select count(*) from yumagate.receipt')
      await expect(restoreBackup(file, from)).rejects.toThrow(BackupError)
      expect(await from.query('select count(*) from yumagate.receipt')).toEqual(before)
    } finally {
      await from.close()
    }
  })

  it('on which a process lives is refused', async () => {
    const from = await openEmbedded()
    const to = await openEmbedded()
    try {
      await useStore(from)
      await to.store.fleet.beat({ id: 'somebody', role: 'gateway' })
      await expect(restoreBackup(await makeBackup(from), to)).rejects.toThrow('runs on this store')
      expect(await to.store.accounts.list()).toEqual([])
    } finally {
      await Promise.all([from.close(), to.close()])
    }
  })

  it('every table of the schema is in a backup or left out on purpose, parents first', async () => {
    const { query, close } = await openEmbedded()
    try {
      const rows = await query(`select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'yumagate' and c.relkind = 'r'`)
      const names = TABLES.map((table) => table.name)
      expect([...names, ...LEFT_OUT].sort()).toEqual(rows.map(({ relname }) => relname).sort())
      const references =
        await query(`select conrelid::regclass::text as child, confrelid::regclass::text as parent
        from pg_constraint where contype = 'f'`)
      const place = (name: unknown) => names.indexOf(String(name).replace('yumagate.', ''))
      for (const { child, parent } of references) {
        if (place(child) !== -1) expect(place(parent), `${parent}`).toBeLessThan(place(child))
      }
    } finally {
      await close()
    }
  })
})
