/**
 * Budgets and rao per minute of keys, counted by the functions that hold and release: the lock of the account's purse makes them exact
 * over all processes. Keys without either are not touched by this.
 */

import { keyMeterReturns } from './key-meter-returns.ts'
import { PLAN_ONCE } from './ledger-functions.ts'

const meterFunctions = /* sql */ `
-- The period in which a hold was counted for its key; null when it was not.
alter table yumagate.hold add column metered_from timestamptz;

create function yumagate.is_metered(k yumagate.api_key) returns boolean language sql immutable as $$
  select k.budget is not null or k.rao_per_minute is not null
$$;

-- What of a limit per minute has flowed in after so long.
create function yumagate.flowed_in(p_per_minute bigint, p_elapsed interval) returns numeric language sql immutable as $$
  select floor(greatest(0, extract(epoch from p_elapsed)) * p_per_minute / 60)
$$;

-- Counts an amount for a key, whose account's purse the caller has locked. Answers 0 counted (and since when is counted), 4 beyond the
-- budget, 5 beyond what may be spent now of a minute's rao; both with what is left, and nothing counted.
create function yumagate.key_take(
  p_key text, p_amount bigint, out code smallint, out counted_from timestamptz, out rest bigint
) language plpgsql as $$
declare
  rule record;
  meter record;
  v_spent bigint;
  v_used bigint;
begin
  select coalesce(k.limit_id, k.id) as limit_id, k.budget, k.rao_per_minute,
      coalesce(yumagate.budget_start(k.budget_period, k.budget_since), 'epoch') as starts_at
    into rule from yumagate.api_key k where k.id = p_key;
  insert into yumagate.key_meter (limit_id, period_start) values (rule.limit_id, rule.starts_at)
    on conflict (limit_id) do nothing;
  select m.* into meter from yumagate.key_meter m where m.limit_id = rule.limit_id for update;
  -- Never back: a statement that began before midnight and waited until after it counts in the new day.
  counted_from := greatest(meter.period_start, rule.starts_at);
  v_spent := case when counted_from = meter.period_start then meter.spent else 0 end;
  v_used := case when rule.rao_per_minute is null then 0 else
    greatest(0, meter.minute_used - yumagate.flowed_in(rule.rao_per_minute, clock_timestamp() - meter.minute_at)) end;
  if p_amount > rule.budget - v_spent then
    code := 4;
    rest := greatest(0, rule.budget - v_spent);
    return;
  end if;
  if p_amount > rule.rao_per_minute - v_used then
    code := 5;
    rest := greatest(0, rule.rao_per_minute - v_used);
    return;
  end if;
  update yumagate.key_meter m
    set period_start = counted_from, spent = v_spent + p_amount,
      minute_used = case when rule.rao_per_minute is null then 0 else v_used + p_amount end, minute_at = clock_timestamp()
    where m.limit_id = rule.limit_id;
  code := 0;
  rest := 0;
end $$;

-- Gives back to a key what a hold that was counted has released. Of the minute's rao only what has not flowed in again since.
create function yumagate.key_return(
  p_key text, p_counted_from timestamptz, p_held_at timestamptz, p_amount bigint
) returns bigint language plpgsql as $$
begin
  update yumagate.key_meter m
    set spent = greatest(0, m.spent - case when m.period_start = p_counted_from then p_amount else 0 end),
      minute_used = greatest(0, m.minute_used
        - greatest(0, p_amount - yumagate.flowed_in(coalesce(k.rao_per_minute, 0), clock_timestamp() - p_held_at)))
    from yumagate.api_key k
    where k.id = p_key and m.limit_id = coalesce(k.limit_id, k.id);
  return 0;
end $$;

-- As before; a key that has expired is refused, and one with a budget or a limit of rao may answer 4 and 5 of key_take.
create or replace function yumagate.ledger_hold(
  p_id text, p_account text, p_key text, p_amount bigint, p_ttl_ms bigint, p_process text, p_is_run boolean,
  out code smallint, out available bigint
) language plpgsql as $$
declare
  purse record;
  old record;
  taken record;
  v_metered_from timestamptz;
begin
  available := 0;
  select p.*, k.id is not null as has_key, yumagate.is_metered(k) as is_metered into purse
    from yumagate.account a
    join yumagate.purse p on p.account_number = a.number
    left join yumagate.api_key k on k.id = p_key and k.account_number = a.number and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > now())
    where a.id = p_account for update of p;
  select h.account_number, h.key_id, h.amount into old from yumagate.hold h where h.id = p_id;
  if old.account_number is not null then
    code := case when old.account_number is not distinct from purse.account_number and old.key_id = p_key and old.amount = p_amount
      then 0 else 3 end;
    return;
  end if;
  if purse.has_key is not true then
    code := 2;
    return;
  end if;
  if purse.available < p_amount then
    code := 1;
    available := purse.available;
    return;
  end if;
  if purse.is_metered then
    select t.* into taken from yumagate.key_take(p_key, p_amount) t;
    if taken.code <> 0 then
      code := taken.code;
      available := taken.rest;
      return;
    end if;
    v_metered_from := taken.counted_from;
  end if;
  with made as (
    insert into yumagate.hold (id, account_number, key_id, amount, is_run, process_id, expires_at, metered_from)
    values (p_id, purse.account_number, p_key, p_amount, p_is_run, p_process, now() + p_ttl_ms * interval '1 millisecond',
      v_metered_from)
  ), journal as (
    insert into yumagate.txn (id, number, kind) values (p_id, nextval('yumagate.txn_number'), 'hold') returning number
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select number, purse.available_account, purse.held_account, p_amount from journal
  )
  update yumagate.purse p set available = p.available - p_amount, held = p.held + p_amount
    where p.account_number = purse.account_number;
  code := 0;
end $$;

-- Opens a spend lease; answers as ledger_hold does. Insufficient when less than p_free is available, since a lease is for accounts that do
-- not miss it, and for a key that is counted request by request.
create function yumagate.lease_open(
  p_id text, p_account text, p_key text, p_amount bigint, p_free bigint, p_ttl_ms bigint, p_process text,
  out code smallint, out available bigint
) language plpgsql ${PLAN_ONCE} as $$
declare
  answer record;
begin
  select p.available into available
    from yumagate.account a join yumagate.purse p on p.account_number = a.number
    where a.id = p_account for update of p;
  if available < p_free or exists (select from yumagate.api_key k where k.id = p_key and yumagate.is_metered(k)) then
    code := 1;
    return;
  end if;
  select o.* into answer from yumagate.ledger_hold(p_id, p_account, p_key, p_amount, p_ttl_ms, p_process, false) o;
  code := answer.code;
  available := answer.available;
  if code = 0 then
    update yumagate.hold set is_lease = true where id = p_id;
  end if;
end $$;
`

export const keyMeters = meterFunctions + keyMeterReturns
