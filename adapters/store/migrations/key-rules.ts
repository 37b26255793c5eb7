/** What keys are restricted to, the log of changes to accounts and keys, and the buckets of rate limits. */

export const keyRules = /* sql */ `
alter table yumagate.api_key
  add column name text,
  -- Under which its limits are counted: of the first key of a rotation. Null: its own id.
  add column limit_id text,
  add column expires_at timestamptz,
  add column replaced_by text,
  -- To the minute: a busy key writes once a minute.
  add column last_used_at timestamptz,
  add column capabilities text[],
  add column models text[],
  add column networks text[],
  add column requests_per_minute bigint check (requests_per_minute > 0),
  add column tokens_per_minute bigint check (tokens_per_minute > 0),
  add column rao_per_minute bigint check (rao_per_minute > 0),
  add column budget bigint check (budget > 0),
  add column budget_period text check (budget_period in ('total', 'day', 'month')),
  -- What was spent before is not counted.
  add column budget_since timestamptz,
  add check ((budget is null) = (budget_period is null) and (budget is null) = (budget_since is null));

create function yumagate.budget_start(p_period text, p_since timestamptz) returns timestamptz language sql stable as $$
  select case p_period when 'total' then p_since else greatest(p_since, date_trunc(p_period, now(), 'UTC')) end
$$;

-- What keys with a budget or a rao limit have spent or reserve, one row for all keys of a rotation.
create table yumagate.key_meter (
  limit_id text primary key,
  -- Start of the period that is counted.
  period_start timestamptz not null,
  spent bigint not null default 0 check (spent >= 0),
  -- Taken of a minute's rao and not flowed in again, at that time.
  minute_used bigint not null default 0 check (minute_used >= 0),
  minute_at timestamptz not null default now()
) with (fillfactor = 50);

create table yumagate.audit_log (
  number bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  address text,
  action text not null,
  subject text not null,
  details text not null
);
create trigger append_only before update or delete or truncate on yumagate.audit_log
  for each statement execute function yumagate.refuse_change();

-- What was taken out of each bucket and has not flowed in again since. Losing it in a crash fills every bucket, so it needs no log.
create unlogged table yumagate.rate_bucket (
  id text primary key,
  used double precision not null,
  at timestamptz not null,
  -- How the last order ended: for the statement that made it.
  taken boolean not null
) with (fillfactor = 50);
`
