/** Pipeline runs: rows are the authority, a queued job carries ids only. Values of JSON are text, read as they were written. */

export const runTables = /* sql */ `
create table yumagate.run (
  id text primary key,
  number bigint generated always as identity,
  account_id text not null references yumagate.account (id),
  key_id text not null,
  status text not null default 'queued'
    check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired')),
  definition text not null,
  price_version text not null,
  hold_id text not null references yumagate.hold (id),
  output text,
  is_partial boolean not null default false,
  error_code text,
  error_message text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  expires_at timestamptz not null,
  -- Of its last event: events are numbered without gaps, under the lock of this row.
  last_sequence integer not null default 0,
  idempotency_key text,
  fingerprint text,
  unique (account_id, idempotency_key),
  check ((ended_at is null) = (status in ('queued', 'running')))
) with (fillfactor = 70);
create index run_account on yumagate.run (account_id, number);
create index run_open on yumagate.run (expires_at) where ended_at is null;

create table yumagate.run_step (
  run_id text not null references yumagate.run (id),
  id text not null,
  position integer not null,
  use text not null,
  status text not null
    check (status in ('pending', 'ready', 'running', 'succeeded', 'failed', 'skipped', 'cancelled')),
  attempts integer not null default 0,
  fence integer not null default 0,
  output text,
  error_code text,
  error_message text,
  cost bigint not null default 0 check (cost >= 0),
  receipt_id text,
  provider text,
  started_at timestamptz,
  ended_at timestamptz,
  due_at timestamptz not null default now(),
  lease_until timestamptz,
  lease_process text,
  primary key (run_id, id)
) with (fillfactor = 70);
create index run_step_due on yumagate.run_step (due_at) where status in ('ready', 'running');

create table yumagate.run_event (
  run_id text not null references yumagate.run (id),
  sequence integer not null,
  type text not null,
  step_id text,
  at timestamptz not null,
  data text not null,
  primary key (run_id, sequence)
);

-- The caller holds the lock of the run's row.
create function yumagate.run_append(p_run text, p_types text[], p_steps text[], p_data text[]) returns void language plpgsql as $$
declare
  v_last integer;
begin
  update yumagate.run r set last_sequence = r.last_sequence + cardinality(p_types) where r.id = p_run
    returning r.last_sequence - cardinality(p_types) into v_last;
  insert into yumagate.run_event (run_id, sequence, type, step_id, at, data)
    select p_run, v_last + e.n, e.type, e.step_id, clock_timestamp(), e.data
      from unnest(p_types, p_steps, p_data) with ordinality as e (type, step_id, data, n);
end $$;
`
