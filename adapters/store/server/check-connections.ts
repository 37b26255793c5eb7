/** Whether the server has connections for all processes when each takes as many as it may. */
import { integerOf } from '../columns.ts'
import type { Database } from '../database.ts'
import { APPLICATION } from './server-pool.ts'

/** Processes are told apart by what they call themselves on the server. The asking one is among them. */
const COUNTS = `
  select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true), '0')::int as available,
    (select count(distinct split_part(application_name, ' ', 2)) from pg_stat_activity
      where application_name like $1)::int as processes`

/** @throws Error naming both numbers, when all live processes together might ask for more connections than the server has */
export async function checkConnections(
  database: Database,
  { perProcess }: { readonly perProcess: number },
): Promise<void> {
  const [row] = await database.query(COUNTS, [`${APPLICATION}% %`])
  if (!row) throw new Error('Postgres does not say how many connections it has')
  const available = integerOf(row, 'available')
  // Behind a pooler that hides names not even ourselves would be found.
  const processes = Math.max(1, integerOf(row, 'processes'))
  const wanted = perProcess * processes
  if (wanted > available) {
    throw new Error(
      `Postgres has ${available} connections to give (max_connections without the reserved ones), and ${processes} ` +
        `${processes === 1 ? 'process' : 'processes'} with up to ${perProcess} each may want ${wanted}: ` +
        'lower YUMAGATE_DATABASE_POOL, or raise max_connections',
    )
  }
}
