/** Sightings of miners in SQL: rows of each process, summed and faded where they are read. */
import type { MinerSighting, MinerSightings } from '../../src/ports/sightings.ts'
import { integerOf, numberOf, type Row, textOf } from './columns.ts'
import type { Database, Statement } from './database.ts'

const NO_NETUID = -1

/** After so many half-lives less than a thousandth is left: such rows say nothing any more. */
const HALF_LIVES_KEPT = 10

export function createSightings(database: Database): MinerSightings {
  return {
    async write(processId, sightings) {
      if (sightings.length === 0) return
      await database.query(WRITE, [
        processId,
        sightings.map(({ netuid }) => netuid ?? NO_NETUID),
        sightings.map(({ hotkey }) => hotkey),
        sightings.map(({ successes }) => successes),
        sightings.map(({ failures }) => failures),
        sightings.map(({ latencySumMs }) => latencySumMs),
        sightings.map(({ latencyWeight }) => latencyWeight),
      ])
    },
    async readOthers(processId, halfLifeMs) {
      await database.query(FORGET, [halfLifeMs * HALF_LIVES_KEPT])
      return (await database.query(READ_OTHERS, [processId, halfLifeMs])).map(readSighting)
    },
  }
}

const WRITE: Statement = {
  name: 'sightings_write',
  text: `
    insert into yumagate.miner_sighting as m
      (process_id, netuid, hotkey, successes, failures, latency_sum_ms, latency_weight)
      select $1, s.netuid, s.hotkey, s.successes, s.failures, s.latency_sum_ms, s.latency_weight
        from unnest($2::int[], $3::text[], $4::float8[], $5::float8[], $6::float8[], $7::float8[])
          as s (netuid, hotkey, successes, failures, latency_sum_ms, latency_weight)
        -- In one order, whoever writes.
        order by s.netuid, s.hotkey
      on conflict (process_id, netuid, hotkey) do update
        set successes = excluded.successes, failures = excluded.failures, latency_sum_ms = excluded.latency_sum_ms,
          latency_weight = excluded.latency_weight, noted_at = now()`,
}

/** A row from the future, left by a clock that went back, counts as of now. A hundred half-lives are nothing, and no underflow. */
const READ_OTHERS = `
  select netuid, hotkey, sum(successes * f) as successes, sum(failures * f) as failures,
      sum(latency_sum_ms * f) as latency_sum_ms, sum(latency_weight * f) as latency_weight
    from yumagate.miner_sighting,
      lateral (
      select 0.5 ^ least(greatest(extract(epoch from now() - noted_at)::float8, 0) * 1000 / $2::float8, 100) as f
    ) as fading
    where process_id <> $1
    group by netuid, hotkey`

const FORGET = `delete from yumagate.miner_sighting where noted_at < now() - $1::float8 * interval '1 millisecond'`

function readSighting(row: Row): MinerSighting {
  const netuid = integerOf(row, 'netuid')
  return {
    netuid: netuid === NO_NETUID ? null : netuid,
    hotkey: textOf(row, 'hotkey'),
    successes: numberOf(row, 'successes'),
    failures: numberOf(row, 'failures'),
    latencySumMs: numberOf(row, 'latency_sum_ms'),
    latencyWeight: numberOf(row, 'latency_weight'),
  }
}
