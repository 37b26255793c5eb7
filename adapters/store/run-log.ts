/** Events and ends of runs, and what is due, in SQL. */
import type { NewEvent, RunEnd, RunLog } from '../../src/ports/runs.ts'
import { bigintOf, booleanOf, integerOf, textOf } from './columns.ts'
import { type Database, type Queryable, Rollback } from './database.ts'
import { jsonText, readEvent, selectRuns } from './run-rows.ts'

export function createRunLog(database: Database): RunLog {
  return {
    endRun: (runId, conclude) =>
      database.transaction(async (transaction) => {
        const holdId = await lockOpenRun(transaction, runId)
        const [run] = holdId === null ? [] : await selectRuns(transaction, 'where r.id = $1', [runId])
        if (holdId === null || !run) throw new Rollback(false)
        const { end, event } = conclude(run)
        await appendEvents(transaction, runId, [event])
        await finishRun(transaction, { runId, holdId }, end)
        return true
      }),
    append: (runId, event) =>
      database.transaction(async (transaction) => {
        if ((await lockOpenRun(transaction, runId)) === null) throw new Rollback(false)
        await appendEvents(transaction, runId, [event])
        return true
      }),
    async listEvents(runId, after, limit) {
      const rows = await database.query(
        `select sequence, type, step_id, at, data from yumagate.run_event
           where run_id = $1 and sequence > $2 order by sequence limit $3`,
        [runId, after, limit],
      )
      return rows.map(readEvent)
    },
    async takeDue({ limit, patienceMs }) {
      const steps = await database.query(TAKE_DUE, [limit, patienceMs])
      const expired = await database.query(
        'select id from yumagate.run where ended_at is null and expires_at <= now() order by expires_at limit $1',
        [limit],
      )
      return {
        steps: steps.map((row) => ({
          runId: textOf(row, 'run_id'),
          stepId: textOf(row, 'id'),
          use: textOf(row, 'use'),
          fence: integerOf(row, 'fence'),
        })),
        expiredRunIds: expired.map((row) => textOf(row, 'id')),
      }
    },
    async listEnded(runIds) {
      const rows = await database.query(
        'select id from yumagate.run where id = any ($1) and ended_at is not null',
        [runIds],
      )
      return rows.map((row) => textOf(row, 'id'))
    },
    async releaseLeases(keepProcessId) {
      const [row] = await database.query(RELEASE_LEASES, [keepProcessId])
      return row ? Number(bigintOf(row, 'count')) : 0
    },
    async wasRemoved(runId, accountId) {
      const [row] = await database.query(WAS_REMOVED, [runId, accountId])
      return row !== undefined && booleanOf(row, 'was_removed')
    },
  }
}

const WAS_REMOVED = `
  select not exists (select from yumagate.run r where r.id = $1) and exists (
    select from yumagate.hold h join yumagate.account a on a.number = h.account_number
      where h.id = 'hold:' || $1 and h.is_run and a.id = $2) as was_removed`

/** Rows that somebody else holds are being claimed, ended or taken by another sweep. */
const TAKE_DUE = `
  with due as (
    select s.run_id, s.id, r.number
      from yumagate.run_step s join yumagate.run r on r.id = s.run_id
      where r.ended_at is null and r.expires_at > now()
        and ((s.status = 'ready' and s.due_at <= now()) or (s.status = 'running' and s.lease_until <= now()))
        and s.offered_at <= now() - $2::bigint * interval '1 millisecond'
      order by s.due_at, r.number, s.position limit $1
      for update of s skip locked
  ), taken as (
    update yumagate.run_step s set offered_at = now()
      from due d where s.run_id = d.run_id and s.id = d.id
      returning s.run_id, s.id, s.use, s.fence, s.due_at, s.position, d.number
  )
  select run_id, id, use, fence from taken order by due_at, number, position`

const RELEASE_LEASES = `
  with released as (
    update yumagate.run_step s set status = 'ready', due_at = now(), offered_at = '-infinity', lease_until = null, lease_process = null
      from yumagate.run r
      where r.id = s.run_id and r.ended_at is null and s.status = 'running' and s.lease_process is distinct from $1
      returning s.id
  )
  select count(*) as count from released`

/** Locks the row of a run that has not ended. @returns its hold; null when it has ended or is unknown */
export async function lockOpenRun(transaction: Queryable, runId: string): Promise<string | null> {
  const [row] = await transaction.query(
    'select hold_id from yumagate.run where id = $1 and ended_at is null for update',
    [runId],
  )
  return row ? textOf(row, 'hold_id') : null
}

/** The caller holds the lock of the run. */
export async function appendEvents(
  transaction: Queryable,
  runId: string,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return
  await transaction.query('select yumagate.run_append($1, $2, $3, $4)', [
    runId,
    events.map(({ type }) => type),
    events.map(({ stepId }) => stepId),
    events.map(({ data }) => JSON.stringify(data)),
  ])
}

/** Ends a run under its lock: what is open is cancelled, what is left of the hold goes back. */
export async function finishRun(
  transaction: Queryable,
  { runId, holdId }: { readonly runId: string; readonly holdId: string },
  end: RunEnd,
): Promise<void> {
  await transaction.query(
    `update yumagate.run
       set status = $2, output = $3, is_partial = $4, error_code = $5, error_message = $6, ended_at = now()
       where id = $1`,
    [
      runId,
      end.status,
      jsonText(end.output),
      end.partial,
      end.error?.code ?? null,
      end.error?.message ?? null,
    ],
  )
  await transaction.query(
    `update yumagate.run_step set status = 'cancelled', ended_at = now(), lease_until = null, lease_process = null
       where run_id = $1 and status in ('pending', 'ready', 'running')`,
    [runId],
  )
  await transaction.query('select yumagate.release_holds(array[$1])', [holdId])
}
