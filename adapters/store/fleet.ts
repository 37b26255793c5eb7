/** Heartbeats in SQL, and what dead processes leave behind. */
import {
  DEAD_AFTER_MS,
  type Fleet,
  type ProcessIdentity,
  type SweepDeadOptions,
  type SweptDead,
} from '../../src/ports/fleet.ts'
import { bigintOf, type Row, textOf } from './columns.ts'
import type { Database, Statement } from './database.ts'

/** Rows released or given back in one statement, so that it keeps nobody waiting. */
const SWEEP_ROWS = 200

/** Rows of the dead are kept for people who look, then removed. */
const FORGOTTEN_AFTER = "interval '1 hour'"

export function createFleet(database: Database): Fleet {
  return {
    async beat({ id, role }) {
      await database.query(BEAT, [id, role, DEAD_AFTER_MS])
      return (await database.query(LIVING, [DEAD_AFTER_MS])).map(readIdentity)
    },
    async leave(processId) {
      await database.query('delete from yumagate.process where id = $1', [processId])
    },
    async sweepDead(options) {
      const [row] = await database.query(IS_STEADY, [options.processId, options.steadyForMs])
      if (!row) return { holds: 0, steps: 0 }
      return sweepDead(database, options)
    },
    async bindChain(genesisHash) {
      await database.query(
        'insert into yumagate.store_chain (genesis_hash) values ($1) on conflict do nothing',
        [genesisHash],
      )
      const [row] = await database.query('select genesis_hash from yumagate.store_chain')
      return row ? textOf(row, 'genesis_hash') : genesisHash
    },
  }
}

/** A heartbeat from the future was left by a clock that went back: as dead as one from the past. */
const isLiving = (process: string, deadAfterMs: string) =>
  `${process}.beat_at between now() - ${deadAfterMs} * interval '1 millisecond' and now() + ${deadAfterMs} * interval '1 millisecond'`

const BEAT: Statement = {
  name: 'fleet_beat',
  text: `
    insert into yumagate.process as p (id, role) values ($1, $2)
      on conflict (id) do update
        set beat_at = now(), steady_since = case when ${isLiving('p', '$3::bigint')} then p.steady_since else now() end`,
}
const LIVING: Statement = {
  name: 'fleet_living',
  text: `select p.id, p.role from yumagate.process p where ${isLiving('p', '$1::bigint')} order by p.started_at, p.id`,
}
const IS_STEADY = `
  select id from yumagate.process
    where id = $1 and steady_since <= now() - $2::bigint * interval '1 millisecond'`

/** Whether the process of that id has ended: it left, or its heartbeat did. */
const isDead = (processId: string) => `
  ${processId} <> $1 and not exists (
    select from yumagate.process p where p.id = ${processId} and ${isLiving('p', '$2::bigint')})`

const RELEASE_HOLDS = `
  select yumagate.release_holds(array(
    select h.id from yumagate.hold h
      where h.closed_at is null and not h.is_run and ${isDead('h.process_id')}
      order by h.expires_at limit $3)) as count`

/** Locked ones are just being ended or claimed by somebody who lives. */
const RELEASE_STEPS = `
  with left_behind as (
    select s.run_id, s.id from yumagate.run_step s join yumagate.run r on r.id = s.run_id
      where r.ended_at is null and s.status = 'running' and ${isDead('s.lease_process')}
      order by s.run_id, s.id limit $3
      for update of s skip locked
  ), released as (
    update yumagate.run_step s
      set status = 'ready', due_at = now(), offered_at = '-infinity', lease_until = null, lease_process = null
      from left_behind l where s.run_id = l.run_id and s.id = l.id
      returning s.id
  )
  select count(*) as count from released`

async function sweepDead(
  database: Database,
  { processId, deadAfterMs }: SweepDeadOptions,
): Promise<SweptDead> {
  const untilFew = async (statement: string): Promise<number> => {
    let count = 0
    for (;;) {
      const [row] = await database.query(statement, [processId, deadAfterMs, SWEEP_ROWS])
      const swept = row ? Number(bigintOf(row, 'count')) : 0
      count += swept
      if (swept < SWEEP_ROWS) return count
    }
  }
  const holds = await untilFew(RELEASE_HOLDS)
  const steps = await untilFew(RELEASE_STEPS)
  await database.query(`delete from yumagate.process where beat_at < now() - ${FORGOTTEN_AFTER}`)
  return { holds, steps }
}

function readIdentity(row: Row): ProcessIdentity {
  return { id: textOf(row, 'id'), role: textOf(row, 'role') === 'worker' ? 'worker' : 'gateway' }
}
