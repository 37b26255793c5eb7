/** Token buckets in SQL, on the database's clock: one statement for each order. For gateways without a Redis. */
import { GatewayError } from '../../src/errors.ts'
import { bucketOutcome, type RateLimits } from '../../src/ports/limits.ts'
import { booleanOf, type Row } from './columns.ts'
import type { Database, Statement } from './database.ts'

/** What is still used of a bucket now. A clock that was set back drains nothing. */
const DRAINED =
  'greatest(0, b.used - greatest(0, extract(epoch from c.now - b.at)::double precision) * $2::bigint / 60)'

const TAKE: Statement = {
  name: 'rate_take',
  text: `insert into yumagate.rate_bucket as b (id, used, at, taken) values ($1, $3::bigint, clock_timestamp(), true)
    on conflict (id) do update set (used, at, taken) = (
      select d.used + case when d.used + $3::bigint <= $2::bigint then $3::bigint else 0 end, d.now, d.used + $3::bigint <= $2::bigint
        from (select ${DRAINED} as used, c.now from (select clock_timestamp() as now) c) d)
    returning b.used, b.taken`,
}

const GIVE_BACK: Statement = {
  name: 'rate_give_back',
  text: `update yumagate.rate_bucket b
    set (used, at) = (select greatest(0, ${DRAINED} - $3::bigint), c.now from (select clock_timestamp() as now) c)
    where b.id = $1`,
}

export function createRateLimits(database: Database): RateLimits {
  return {
    async take({ bucket, perMinute, amount }) {
      const [row] = await database.query(TAKE, [bucket, perMinute, amount])
      if (!row) throw new GatewayError('internal_error', 'The database gave no answer.')
      const isTaken = booleanOf(row, 'taken')
      return bucketOutcome({ perMinute, amount, used: numberOf(row, 'used'), isTaken })
    },
    async giveBack({ bucket, perMinute, amount }) {
      if (amount > 0) await database.query(GIVE_BACK, [bucket, perMinute, amount])
    },
  }
}

function numberOf(row: Row, column: string): number {
  const value = row[column]
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new Error(`the database answered no number in ${column}`)
}
