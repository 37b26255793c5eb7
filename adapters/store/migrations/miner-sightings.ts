/** What each process has seen of each miner, faded as of when it was written. */

export const minerSightings = /* sql */ `
create table yumagate.miner_sighting (
  process_id text not null,
  -- -1: a server that has no place on the chain.
  netuid integer not null,
  hotkey text not null,
  successes double precision not null,
  failures double precision not null,
  latency_sum_ms double precision not null,
  latency_weight double precision not null,
  noted_at timestamptz not null default now(),
  primary key (process_id, netuid, hotkey)
) with (fillfactor = 70);
`
