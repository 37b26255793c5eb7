/** Proves the ledger's invariants L1 to L7 and K1 over all rows, in one snapshot. */
import type { LedgerReport } from '../../src/ports/ledger.ts'
import { bigintOf, textOf } from './columns.ts'
import type { Database, Queryable } from './database.ts'

/** How many offending rows are named per check; the rest is counted. */
const NAMED_MAX = 5

type Check = {
  readonly name: string
  /** What is counted, as a noun. */
  readonly noun: string
  readonly count: string
  /** Gives one row per offence, with its text in `problem`. */
  readonly offences: string
}

/** All balances from the journal in two passes: it is long and has no index by account. */
const SUMS = `
  sums as (
    select number, sum(delta) as total from (
      select credit as number, amount as delta from yumagate.entry
      union all select debit, -amount from yumagate.entry) legs
    group by number
  ), balance as (
    select l.number, l.name, coalesce(s.total, 0) as total from yumagate.ledger_account l left join sums s using (number)
  )`

const CHECKS: readonly Check[] = [
  {
    name: 'L1 every transaction, and all balances together, sum to zero',
    noun: 'transactions',
    count: 'select count(*) as count from yumagate.txn',
    offences: `
      with ${SUMS}
      select format('all balances sum to %s', sum(total)) as problem
        from (
          select p.available + p.held as total from yumagate.purse p
          union all select b.total from balance b
            where not exists (select from yumagate.purse p where b.number in (p.available_account, p.held_account))
        ) every_balance having sum(total) <> 0
      union all
      select format('an entry of %s belongs to no transaction', e.txn_number) from yumagate.entry e
        where not exists (select from yumagate.txn t where t.number = e.txn_number)
      union all
      select format('an entry of %s moves between accounts that are not there', e.txn_number) from yumagate.entry e
        where not exists (select from yumagate.ledger_account l where l.number = e.debit)
          or not exists (select from yumagate.ledger_account l where l.number = e.credit)
      union all
      select format('number %s is given to %s transactions', number, count(*)) from yumagate.txn
        group by number having count(*) > 1
      union all
      select format('%s moves nothing', t.id) from yumagate.txn t
        where t.kind in ('deposit', 'hold', 'settle')
          and not exists (select from yumagate.entry e where e.txn_number = t.number)`,
  },
  {
    name: 'L2 every stored balance is the sum of its entries',
    noun: 'purses',
    count: 'select count(*) as count from yumagate.purse',
    offences: `
      with ${SUMS}
      select format('%s: %s is stored, its entries sum to %s', b.name, stored.amount, b.total) as problem
        from yumagate.purse p
        cross join lateral (values (p.available_account, p.available), (p.held_account, p.held)) as stored (number, amount)
        join balance b on b.number = stored.number
        where stored.amount <> b.total
      union all
      select format('%s: %s is stored as spent, its captures sum to %s', a.id, p.spent, coalesce(s.total, 0))
        from yumagate.purse p join yumagate.account a on a.number = p.account_number
        left join (
          select e.debit, sum(e.amount) as total from yumagate.entry e
            join yumagate.ledger_account l on l.number = e.credit and l.kind = 'income' group by e.debit
        ) s on s.debit = p.held_account
        where p.spent <> coalesce(s.total, 0)
      union all
      select format('%s has no purse', a.id) from yumagate.account a
        where not exists (select from yumagate.purse p where p.account_number = a.number)`,
  },
  {
    name: 'L3 the database refuses to change or remove what was written',
    noun: 'guarded tables',
    count: `select count(distinct tgrelid) as count from pg_trigger where tgname = 'append_only'`,
    offences: 'select problem from yumagate.ledger_unsealed() as problem',
  },
  {
    name: 'L4 nothing available or held is below zero',
    noun: 'purses',
    count: 'select count(*) as count from yumagate.purse',
    offences: `
      select format('%s: available %s, held %s', a.id, p.available, p.held) as problem
        from yumagate.purse p join yumagate.account a on a.number = p.account_number
        where p.available < 0 or p.held < 0
      union all
      select format('the guard %s is missing', guard)
        from unnest(array['purse_available_guard', 'purse_held_guard']) as guard
        where not exists (select from pg_constraint c where c.conname = guard and c.convalidated)`,
  },
  {
    name: 'L5 what is held is the sum of the open holds',
    noun: 'open holds',
    count: 'select count(*) as count from yumagate.hold where closed_at is null',
    offences: `
      select format('%s: %s is held, its holds have %s left', a.id, p.held, coalesce(h.total, 0)) as problem
        from yumagate.purse p join yumagate.account a on a.number = p.account_number
        left join (
          select account_number, sum(amount - captured - released) as total from yumagate.hold group by account_number
        ) h on h.account_number = p.account_number
        where p.held <> coalesce(h.total, 0)`,
  },
  {
    name: 'L6 every hold adds up, and is resolved once',
    noun: 'holds',
    count: 'select count(*) as count from yumagate.hold',
    offences: `
      with receipts as (select hold_id, sum(captured) as total from yumagate.receipt group by hold_id)
      select format('%s: captured %s and released %s of %s', id, captured, released, amount) as problem
        from yumagate.hold
        where captured < 0 or released < 0 or captured + released > amount
          or (closed_at is not null and captured + released <> amount)
          or (closed_at is null and released <> 0 and not is_lease)
      union all
      select format('%s: captured %s, its receipts sum to %s', h.id, h.captured, coalesce(r.total, 0))
        from yumagate.hold h left join receipts r on r.hold_id = h.id
        where h.captured <> coalesce(r.total, 0)
      union all
      select format('a receipt of %s has no hold', hold_id) from receipts r
        where not exists (select from yumagate.hold h where h.id = r.hold_id)
      union all
      select format('%s was never written to the journal', h.id) from yumagate.hold h
        where not exists (select from yumagate.txn t where t.id = h.id and t.kind = 'hold')
      union all
      select format('%s is %s, and was resolved %s times', h.id, case when h.closed_at is null then 'open' else 'closed' end, r.times)
        from yumagate.hold h
        cross join lateral (
          select (exists (select from yumagate.txn t where t.id = 'rel:' || h.id))::int
            + (exists (select from yumagate.txn t where t.id = 'cap:' || substr(h.id, 6) and t.kind = 'settle'))::int as times) r
        where r.times <> case when h.closed_at is null then 0 else 1 end`,
  },
  {
    name: 'L7 no refund is larger than its capture',
    noun: 'captures',
    count: `select count(*) as count from yumagate.txn where kind in ('settle', 'capture')`,
    // There is no operation that refunds: nothing may ever leave a revenue account.
    offences: `
      select format('an entry of %s takes %s out of %s', e.txn_number, e.amount, l.name) as problem
        from yumagate.entry e join yumagate.ledger_account l on l.number = e.debit and l.kind = 'income'`,
  },
  {
    name: 'K1 what a key has spent of its budget is what its holds of the period took or reserve',
    noun: 'keys',
    count: 'select count(*) as count from yumagate.key_meter',
    offences: `
      select format('%s: %s is counted, its holds sum to %s', m.limit_id, m.spent, coalesce(s.total, 0)) as problem
        from yumagate.key_meter m
        left join lateral (
          select sum(h.amount - h.released) as total
            from yumagate.api_key k join yumagate.hold h on h.key_id = k.id
            where coalesce(k.limit_id, k.id) = m.limit_id and h.metered_from = m.period_start) s on true
        where m.spent <> coalesce(s.total, 0)`,
  },
]

export async function verifyLedger(database: Database): Promise<LedgerReport> {
  const checks = await database.transaction(
    async (transaction) => {
      await transaction.query('set transaction isolation level repeatable read')
      return proveLedger(transaction)
    },
    { isLong: true },
  )
  return { holds: checks.every(({ passed }) => passed), checks }
}

/** The checks alone, within a transaction of the caller's. */
export async function proveLedger(transaction: Queryable): Promise<LedgerReport['checks']> {
  const results: LedgerReport['checks'][number][] = []
  for (const check of CHECKS) results.push(await runCheck(transaction, check))
  return results
}

async function runCheck(
  transaction: Queryable,
  { name, noun, count, offences }: Check,
): Promise<LedgerReport['checks'][number]> {
  const problems = (await transaction.query(offences)).map((row) => textOf(row, 'problem'))
  if (problems.length > 0) {
    const more = problems.length > NAMED_MAX ? `; and ${problems.length - NAMED_MAX} more` : ''
    return { name, passed: false, detail: problems.slice(0, NAMED_MAX).join('; ') + more }
  }
  const [row] = await transaction.query(count)
  return { name, passed: true, detail: `${row ? bigintOf(row, 'count') : 0n} ${noun}` }
}
