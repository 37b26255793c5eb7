/** Pipeline runs in SQL. Whatever ends a step or a run is one transaction: output, money, events, what comes next. */
import { GatewayError } from '../../src/errors.ts'
import { CAPABILITIES } from '../../src/ports/capability.ts'
import type { ClaimOptions, CreateRunOutcome, NewRun, Run, Runs, StepClaim } from '../../src/ports/runs.ts'
import { booleanOf, integerOf, nullableTextOf, textOf } from './columns.ts'
import { type Database, type Queryable, Rollback, sqlStateOf, UNIQUE_VIOLATION } from './database.ts'
import { readHoldOutcome } from './ledger.ts'
import { type RevenueAccounts, revenueAccounts } from './revenue-accounts.ts'
import { commitStep } from './run-commit.ts'
import { appendEvents, createRunLog } from './run-log.ts'
import { jsonText, selectRuns } from './run-rows.ts'

export function createRuns(database: Database, options: { readonly processId: string }): Runs {
  const revenue: RevenueAccounts = revenueAccounts(database)
  return {
    create: (run) => createRun(database, run, options.processId),
    async find(runId, accountId) {
      const runs = await selectRuns(database, 'where r.id = $1 and ($2::text is null or r.account_id = $2)', [
        runId,
        accountId,
      ])
      return runs[0] ?? null
    },
    list: (accountId, { limit, after }) =>
      selectRuns(
        database,
        `where r.account_id = $1
           and ($2::text is null or r.number < (select c.number from yumagate.run c where c.id = $2 and c.account_id = $1))
           order by r.number desc limit $3`,
        [accountId, after, limit],
      ),
    claim: (runId, stepId, options) =>
      database.transaction((transaction) => claimStep(transaction, { runId, stepId }, options)),
    async renew({ runId, stepId, fence }, leaseMs) {
      const rows = await database.query(RENEW, [runId, stepId, fence, leaseMs])
      return rows.length > 0
    },
    async commitStep(claim, conclude) {
      // Before the transaction, in which only the conclusion says which of them is needed.
      await revenue.prepare(CAPABILITIES)
      return commitStep(database, claim, conclude)
    },
    log: createRunLog(database),
  }
}

/** Ready and due, or running under a lease that has ended; the run has neither ended nor is it past its time. */
const CLAIM = `
  with open_run as (
    select r.id from yumagate.run r where r.id = $1 and r.ended_at is null and r.expires_at > now() for update
  ), claimed as (
    update yumagate.run_step s
      set status = 'running', fence = s.fence + 1, lease_process = $3, offered_at = '-infinity',
        lease_until = now() + $4 * interval '1 millisecond', started_at = coalesce(s.started_at, now())
      from open_run r
      where s.run_id = r.id and s.id = $2
        and ((s.status = 'ready' and s.due_at <= now()) or (s.status = 'running' and s.lease_until <= now()))
      returning s.run_id, s.fence
  ), started as (
    update yumagate.run r set status = 'running', started_at = coalesce(r.started_at, now())
      from claimed c where r.id = c.run_id and r.status = 'queued'
      returning r.id
  )
  select fence, exists (select from started) as is_first from claimed`

async function claimStep(
  transaction: Queryable,
  { runId, stepId }: { readonly runId: string; readonly stepId: string },
  { processId, leaseMs, announce }: ClaimOptions,
): Promise<StepClaim | null> {
  const [claimed] = await transaction.query(CLAIM, [runId, stepId, processId, leaseMs])
  if (!claimed) throw new Rollback<StepClaim | null>(null)
  const claim = { run: await getRun(transaction, runId), stepId, fence: integerOf(claimed, 'fence') }
  await appendEvents(transaction, runId, announce(claim, booleanOf(claimed, 'is_first')))
  return claim
}

const RENEW = `
  update yumagate.run_step s set lease_until = now() + $4 * interval '1 millisecond'
    from yumagate.run r
    where s.run_id = $1 and s.id = $2 and s.fence = $3 and s.status = 'running' and r.id = s.run_id and r.ended_at is null
    returning s.id`

async function createRun(database: Database, run: NewRun, processId: string): Promise<CreateRunOutcome> {
  const replay = await findReplay(database, run)
  if (replay) return replay
  try {
    return await database.transaction(async (transaction) => {
      // The hold of a run that was removed is answered like one that is placed a second time, and is spent.
      const [spent] = await transaction.query('select id from yumagate.hold where id = $1', [
        `hold:${run.id}`,
      ])
      if (spent) throw new GatewayError('conflict', 'That run exists.')
      const [answer] = await transaction.query('select * from yumagate.run_hold($1, $2, $3, $4, $5, $6)', [
        `hold:${run.id}`,
        run.accountId,
        run.keyId,
        run.holdRao,
        run.timeoutMs,
        processId,
      ])
      const outcome = readHoldOutcome(answer?.code, answer?.available)
      if (outcome.kind === 'refused') throw new GatewayError('invalid_api_key', 'This API key is not valid.')
      if (outcome.kind === 'conflict') throw new GatewayError('conflict', 'That run exists.')
      if (outcome.kind !== 'held') throw new Rollback<CreateRunOutcome>(outcome)
      await insertRun(transaction, run)
      return { kind: 'created', run: await getRun(transaction, run.id) }
    })
  } catch (error) {
    if (sqlStateOf(error) !== UNIQUE_VIOLATION) throw error
    // Another request with the same idempotency key was faster; what this one held is undone.
    const faster = await findReplay(database, run)
    if (faster) return faster
    throw new GatewayError('conflict', 'That run exists.', { cause: error })
  }
}

async function findReplay(database: Queryable, run: NewRun): Promise<CreateRunOutcome | null> {
  if (!run.idempotency) return null
  const [row] = await database.query(
    'select id, fingerprint from yumagate.run where account_id = $1 and idempotency_key = $2',
    [run.accountId, run.idempotency.key],
  )
  if (!row) return null
  if (nullableTextOf(row, 'fingerprint') !== run.idempotency.fingerprint) return { kind: 'mismatch' }
  return { kind: 'replayed', run: await getRun(database, textOf(row, 'id')) }
}

async function insertRun(transaction: Queryable, run: NewRun): Promise<void> {
  await transaction.query(
    `insert into yumagate.run
       (id, account_id, key_id, definition, price_version, hold_id, expires_at, idempotency_key, fingerprint)
       values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 millisecond', $8, $9)`,
    [
      run.id,
      run.accountId,
      run.keyId,
      jsonText(run.definition) ?? 'null',
      run.priceVersion,
      `hold:${run.id}`,
      run.timeoutMs,
      run.idempotency?.key ?? null,
      run.idempotency?.fingerprint ?? null,
    ],
  )
  await transaction.query(
    `insert into yumagate.run_step (run_id, id, position, use, status)
       select $1, s.id, s.n, s.use, case when s.ready then 'ready' else 'pending' end
         from unnest($2::text[], $3::text[], $4::boolean[]) with ordinality as s (id, use, ready, n)`,
    [
      run.id,
      run.steps.map(({ id }) => id),
      run.steps.map(({ use }) => use),
      run.steps.map(({ ready }) => ready),
    ],
  )
  await appendEvents(transaction, run.id, run.events)
}

async function getRun(database: Queryable, runId: string): Promise<Run> {
  const [run] = await selectRuns(database, 'where r.id = $1', [runId])
  if (!run) throw new GatewayError('internal_error', 'The database lost a run.')
  return run
}
