/** Many processes on one store: heartbeats, leases, the chain that the store belongs to, and when a due step was last put into the queue. */

export const fleetTables = /* sql */ `
create table yumagate.process (
  id text primary key,
  role text not null check (role in ('gateway', 'worker')),
  started_at timestamptz not null default now(),
  beat_at timestamptz not null default now(),
  -- Since when its heartbeat has had no gap.
  steady_since timestamptz not null default now()
) with (fillfactor = 50);

create table yumagate.lease (
  name text primary key,
  holder text not null,
  fence bigint not null default 1,
  held_until timestamptz not null
) with (fillfactor = 50);

create table yumagate.store_chain (
  only_row boolean primary key default true check (only_row),
  genesis_hash text not null
);
insert into yumagate.store_chain (genesis_hash) select genesis_hash from yumagate.deposit_cursor;

-- When the sweep last put the step into the queue; long ago when it has not since its last claim.
alter table yumagate.run_step add column offered_at timestamptz not null default '-infinity';
`
