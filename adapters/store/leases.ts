/** Leases in SQL: one row each, by the database's clock. */
import type { Leases } from '../../src/ports/fleet.ts'
import { integerOf } from './columns.ts'
import type { Database } from './database.ts'

export function createLeases(database: Database): Leases {
  return {
    async take(name, holderId, leaseMs) {
      const [row] = await database.query(TAKE, [name, holderId, leaseMs])
      return row ? { name, fence: integerOf(row, 'fence') } : null
    },
    async renew({ name, fence }, leaseMs) {
      const rows = await database.query(RENEW, [name, fence, leaseMs])
      return rows.length > 0
    },
    async release({ name, fence }) {
      await database.query('update yumagate.lease set held_until = now() where name = $1 and fence = $2', [
        name,
        fence,
      ])
    },
  }
}

/**
 * One that ends much later than it could by now was left by a clock that went back: it has ended. Not a little later, since whoever waits
 * for the row of another taking looks at it with the time at which he began.
 */
const TAKE = `
  insert into yumagate.lease as l (name, holder, held_until)
    values ($1, $2, now() + $3::bigint * interval '1 millisecond')
    on conflict (name) do update
      set holder = excluded.holder, fence = l.fence + 1, held_until = excluded.held_until
      where l.held_until <= now() or l.held_until > excluded.held_until + interval '1 minute'
    returning fence`

/** One that has ended and that nobody took is still ours. */
const RENEW = `
  update yumagate.lease set held_until = now() + $3::bigint * interval '1 millisecond'
    where name = $1 and fence = $2 returning fence`
