/** Defects planted into the books, each of which the proof must find. All are undone by rolling back. */

import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { EXACT_TYPES } from '../../../adapters/store/columns.ts'
import type { Queryable } from '../../../adapters/store/database.ts'
import type { EmbeddedStore } from '../../../adapters/store/embedded/open-embedded-store.ts'
import { proveLedger } from '../../../adapters/store/verify-ledger.ts'
import { holdRequest, newCustomer, receiptFor } from '../../contract/money.ts'
import { openEmbeddedAt, temporaryDirectory } from './stores.ts'

let embedded: EmbeddedStore
let directory: string
beforeAll(async () => {
  directory = await temporaryDirectory()
  embedded = await openEmbeddedAt(directory, { idleTransactionMs: 60_000 })
  const { ledger } = embedded.store
  const customer = await newCustomer(embedded.store, 1000n)
  const [settled, voided, open] = ['settled', 'voided', 'open'].map((id) =>
    holdRequest(customer, 100n, { id: `hold:${id}` }),
  )
  await ledger.commit({ holds: [settled!, voided!, open!], settlements: [], voids: [], captures: [] })
  const settlements = [{ holdId: settled!.id, receipt: receiptFor(settled!, 40n) }]
  await ledger.commit({ holds: [], settlements, voids: [voided!.id], captures: [] })
})
afterAll(async () => {
  await embedded.store.lifecycle.close()
  rmSync(directory, { recursive: true, force: true })
})

const UNSEAL = ['txn', 'entry', 'receipt']
  .map((table) => `alter table yumagate.${table} disable trigger append_only;`)
  .join('')
const UNGUARD = 'alter table yumagate.purse drop constraint purse_available_guard;'
const UNCHECK = `do $$ declare c record; begin
  for c in select conname from pg_constraint where conrelid = 'yumagate.hold'::regclass and contype = 'c' loop
    execute format('alter table yumagate.hold drop constraint %I', c.conname);
  end loop; end $$;`

it('sound books pass, with what was counted', async () => {
  const report = await embedded.store.ledger.verify()
  expect(report.holds).toBe(true)
  expect(report.checks.map(({ detail }) => detail)).toEqual([
    '6 transactions',
    '1 purses',
    '6 guarded tables',
    '1 purses',
    '1 open holds',
    '3 holds',
    '1 captures',
    '0 keys',
  ])
})

it.each([
  [
    'L1',
    'an entry without its transaction',
    `insert into yumagate.entry select 999, debit, credit, 1 from yumagate.entry limit 1`,
  ],
  [
    'L1',
    'an entry to an account that is not there',
    `${UNSEAL} update yumagate.entry set credit = 999 where credit in (select held_account from yumagate.purse)`,
  ],
  [
    'L1',
    'a transaction that moves nothing',
    `insert into yumagate.txn (id, number, kind) values ('dep:nothing', 777, 'deposit')`,
  ],
  [
    'L1',
    'a number that is given twice',
    `insert into yumagate.txn (id, number, kind) select 'rel:twice', min(number), 'release' from yumagate.txn`,
  ],
  ['L1', 'money in a purse that came from nowhere', `update yumagate.purse set available = available + 1`],
  [
    'L2',
    'a stored balance that is not the sum of its entries',
    `update yumagate.purse set available = available - 1`,
  ],
  ['L2', 'a captured sum that is not the sum of the captures', `update yumagate.purse set spent = spent + 1`],
  ['L2', 'an account without a purse', `delete from yumagate.purse`],
  ['L2', 'an entry of another amount', `${UNSEAL} update yumagate.entry set amount = amount + 1`],
  ['L2', 'an entry that is gone', `${UNSEAL} delete from yumagate.entry where amount = 40`],
  ['L3', 'a journal that may be changed', `alter table yumagate.entry disable trigger append_only`],
  ['L3', 'receipts that may be removed', `drop trigger append_only on yumagate.receipt`],
  ['L4', 'a balance below zero', `${UNGUARD} update yumagate.purse set available = -1`],
  ['L4', 'a guard that was taken away', UNGUARD],
  ['L5', 'a hold of another amount', `update yumagate.hold set amount = amount + 1 where closed_at is null`],
  ['L5', 'an open hold that is gone', `delete from yumagate.hold where closed_at is null`],
  [
    'L6',
    'a closed hold that is not resolved in full',
    `${UNCHECK} update yumagate.hold set released = released - 1 where closed_at is not null`,
  ],
  ['L6', 'a capture without a receipt', `${UNSEAL} delete from yumagate.receipt`],
  ['L6', 'a receipt of another amount', `${UNSEAL} update yumagate.receipt set captured = captured + 1`],
  ['L6', 'a receipt without its hold', `${UNSEAL} update yumagate.receipt set hold_id = 'hold:none'`],
  [
    'L6',
    'a hold that was resolved twice',
    `insert into yumagate.txn (id, number, kind) values ('rel:hold:settled', 777, 'release')`,
  ],
  [
    'L6',
    'an open hold that was resolved',
    `insert into yumagate.txn (id, number, kind) values ('rel:hold:open', 777, 'release')`,
  ],
  [
    'L6',
    'a hold that the journal does not know',
    `${UNSEAL} delete from yumagate.txn where id = 'hold:open'`,
  ],
  [
    'L7',
    'money that left the revenue',
    `insert into yumagate.entry select e.txn_number, e.credit, e.debit, 1 from yumagate.entry e where amount = 40`,
  ],
  [
    'K1',
    'a key that counts what no hold of it took',
    `insert into yumagate.key_meter (limit_id, period_start, spent) select id, now(), 5 from yumagate.api_key limit 1`,
  ],
])('%s finds %s', async (name, _what, sql) => {
  const client = await embedded.queuePool.connect()
  const handle: Queryable = {
    async query(statement, values = []) {
      const text = typeof statement === 'string' ? statement : statement.text
      return (await client.query({ text, values: [...values], types: EXACT_TYPES })).rows
    },
  }
  try {
    await client.query('begin')
    await client.query(sql)
    const found = (await proveLedger(handle)).filter(({ passed }) => !passed)
    expect(found.map((check) => check.name.slice(0, 2))).toContain(name)
    expect(found.every(({ detail }) => detail.length > 10)).toBe(true)
  } finally {
    await client.query('rollback')
    client.release()
  }
})

it('many offences are counted, five are named', async () => {
  const client = await embedded.queuePool.connect()
  await client.query('begin')
  await client.query(
    `insert into yumagate.txn (id, number, kind) select 'dep:' || n, 1000 + n, 'deposit' from generate_series(1, 9) n`,
  )
  const handle: Queryable = {
    query: async (statement) =>
      (
        await client.query({
          text: typeof statement === 'string' ? statement : statement.text,
          types: EXACT_TYPES,
        })
      ).rows,
  }
  const [first] = await proveLedger(handle)
  await client.query('rollback')
  client.release()
  expect(first?.detail.split('; ')).toHaveLength(6)
  expect(first?.detail).toContain('and 4 more')
})

it('the database itself refuses to change what was written', async () => {
  for (const table of ['txn', 'entry', 'receipt', 'deposit', 'ledger_account']) {
    for (const sql of [`delete from yumagate.${table}`, `truncate yumagate.${table} cascade`]) {
      await expect(embedded.queuePool.query(sql), sql).rejects.toThrow('append-only')
    }
  }
  await expect(embedded.queuePool.query(`update yumagate.entry set amount = 1`)).rejects.toThrow(
    'append-only',
  )
  await expect(embedded.queuePool.query(`update yumagate.receipt set body = ''`)).rejects.toThrow(
    'append-only',
  )
  await expect(embedded.queuePool.query(`update yumagate.purse set available = -1`)).rejects.toThrow(
    'purse_available_guard',
  )
})
