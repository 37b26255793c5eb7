/** Removes ended runs and old files in SQL, a few rows at a time, past what somebody else has locked. */
import { type FileOrigin, MADE_PURPOSE, type Retention } from '../../src/ports/retention.ts'
import { bigintOf, textOf } from './columns.ts'
import type { Database } from './database.ts'

export function createRetention(database: Database): Retention {
  return {
    async removeRuns({ olderThanMs, rowsMax }) {
      const [row] = await database.query(REMOVE_RUNS, [olderThanMs, rowsMax])
      return row
        ? { runs: Number(bigintOf(row, 'runs')), rows: Number(bigintOf(row, 'rows')) }
        : { runs: 0, rows: 0 }
    },
    async removeFiles({ origin, olderThanMs, limit }) {
      const rows = await database.query(REMOVE_FILES[origin], [olderThanMs, limit])
      return rows.map((row) => textOf(row, 'id'))
    },
    async listUnnamed(ids) {
      const rows = await database.query(
        `select u.id from unnest($1::text[]) as u (id)
           where not exists (select from yumagate.file f where f.id = u.id)`,
        [ids],
      )
      return rows.map((row) => textOf(row, 'id'))
    },
  }
}

/**
 * The run that fills the batch is still taken. A run has about three rows a step, which its events count. What refers to a run goes in the
 * same statement: foreign keys are looked at when it ends.
 */
const REMOVE_RUNS = `
  with old as (
    select r.id, r.ended_at, r.last_sequence from yumagate.run r
      where r.ended_at < now() - $1::float8 * interval '1 millisecond'
      order by r.ended_at limit 100 for update skip locked
  ), taken as (
    select id from (
      select id, sum(last_sequence + 1) over (order by ended_at, id) - last_sequence - 1 as rows_before from old) o
      where rows_before < $2::bigint
  ), events as (
    delete from yumagate.run_event e using taken t where e.run_id = t.id returning 1
  ), steps as (
    delete from yumagate.run_step s using taken t where s.run_id = t.id returning 1
  ), runs as (
    delete from yumagate.run r using taken t where r.id = t.id returning 1
  )
  select (select count(*) from runs) as runs,
    (select count(*) from runs) + (select count(*) from steps) + (select count(*) from events) as rows`

/** A run that has not ended may still read what it was given. Few are open at a time. The purpose is a literal: so it has its index. */
const removeFiles = (isOfPurpose: '=' | '<>') => `
  with wanted as materialized (
    select (regexp_matches(r.definition, 'file-[0-9a-f]+', 'g'))[1] as id from yumagate.run r where r.ended_at is null
  ), old as (
    select f.id, f.created_at from yumagate.file f
      where f.created_at < now() - $1::float8 * interval '1 millisecond'
        and f.purpose ${isOfPurpose} '${MADE_PURPOSE}'
        and not exists (select from wanted w where w.id = f.id)
      order by f.created_at, f.number limit $2 for update of f skip locked
  ), gone as (
    delete from yumagate.file f using old o where f.id = o.id returning f.id, o.created_at
  )
  select id from gone order by created_at`

const REMOVE_FILES: Readonly<Record<FileOrigin, string>> = {
  made: removeFiles('='),
  uploaded: removeFiles('<>'),
}
