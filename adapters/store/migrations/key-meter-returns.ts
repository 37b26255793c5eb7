/** Settles, releases and batches that give back to keys with a budget what was not spent, and send their holds through `ledger_hold`. */

import { PLAN_ONCE } from './ledger-functions.ts'

export const keyMeterReturns = /* sql */ `
-- As before, and what is released is given back to a key that is counted.
create or replace function yumagate.ledger_settle(
  p_hold text, p_receipt text, p_account text, p_captured bigint, p_request text, p_revenue text, p_body text
) returns boolean language plpgsql as $$
declare
  purse record;
  closed record;
begin
  select p.* into purse
    from yumagate.hold h
    join yumagate.purse p on p.account_number = h.account_number
    join yumagate.account a on a.number = h.account_number and a.id = p_account
    where h.id = p_hold and not h.is_run for update of p;
  if purse.account_number is null or exists (select from yumagate.receipt r where r.id = p_receipt) then
    return exists (select from yumagate.receipt r where r.id = p_receipt and r.body = p_body);
  end if;
  update yumagate.hold h set captured = p_captured, released = h.amount - p_captured, closed_at = now()
    where h.id = p_hold and h.closed_at is null and p_captured between 0 and h.amount
    returning h.released, h.key_id, h.metered_from, h.made_at into closed;
  if closed.released is null then
    return false;
  end if;
  with journal as (
    insert into yumagate.txn (id, number, kind)
    values ('cap:' || substr(p_hold, 6), nextval('yumagate.txn_number'), 'settle') returning number
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select j.number, purse.held_account, m.credit, m.amount
      from journal j, (values
        ((select b.number from yumagate.ledger_account b where b.name = p_revenue), p_captured),
        (purse.available_account, closed.released)) as m (credit, amount)
      where m.amount > 0
  ), written as (
    insert into yumagate.receipt (id, account_number, hold_id, request_id, captured, body)
    values (p_receipt, purse.account_number, p_hold, p_request, p_captured, p_body)
  )
  update yumagate.purse p
    set held = p.held - p_captured - closed.released, available = p.available + closed.released, spent = p.spent + p_captured
    where p.account_number = purse.account_number;
  if closed.metered_from is not null then
    perform yumagate.key_return(closed.key_id, closed.metered_from, closed.made_at, closed.released);
  end if;
  return true;
end $$;

create or replace function yumagate.ledger_settle_many(
  s_hold text[], s_receipt text[], s_account text[], s_captured bigint[], s_request text[], s_revenue text[], s_body text[]
) returns boolean[] language plpgsql as $$
declare
  v_done bigint;
  v_returned bigint;
begin
  with asked as (
    select * from unnest(s_hold, s_receipt, s_account, s_captured, s_request, s_revenue, s_body)
      as s (hold_id, id, account_id, captured, request_id, revenue, body)
  ), closed as (
    update yumagate.hold h set captured = s.captured, released = h.amount - s.captured, closed_at = now()
      from asked s join yumagate.account a on a.id = s.account_id
      where h.id = s.hold_id and h.account_number = a.number and not h.is_run and h.closed_at is null
        and s.captured between 0 and h.amount
        and not exists (select from yumagate.receipt r where r.id = s.id)
      returning h.id as hold_id, h.account_number, h.key_id, h.metered_from, h.made_at, h.captured, h.released, s.id, s.request_id, s.revenue, s.body,
        nextval('yumagate.txn_number') as number
  ), journal as (
    insert into yumagate.txn (id, number, kind) select 'cap:' || substr(hold_id, 6), number, 'settle' from closed
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select c.number, p.held_account, m.credit, m.amount
      from closed c
      join yumagate.purse p on p.account_number = c.account_number
      cross join lateral (values
        ((select b.number from yumagate.ledger_account b where b.name = c.revenue), c.captured),
        (p.available_account, c.released)) as m (credit, amount)
      where m.amount > 0
  ), written as (
    insert into yumagate.receipt (id, account_number, hold_id, request_id, captured, body)
    select id, account_number, hold_id, request_id, captured, body from closed
  ), paid as (
    update yumagate.purse p
      set held = p.held - s.captured - s.released, available = p.available + s.released, spent = p.spent + s.captured
      from (
        select account_number, sum(captured)::bigint as captured, sum(released)::bigint as released
          from closed group by account_number) s
      where p.account_number = s.account_number
  )
  select count(*), sum(case when c.metered_from is null then 0
      else yumagate.key_return(c.key_id, c.metered_from, c.made_at, c.released) end)
    into v_done, v_returned from closed c;
  if v_done = cardinality(s_hold) then
    return array_fill(true, array[cardinality(s_hold)]);
  end if;
  return array(
    select exists (select from yumagate.receipt r where r.id = s.id and r.body = s.body)
      from unnest(s_receipt, s_body) with ordinality as s (id, body, n) order by s.n);
end $$;

create or replace function yumagate.ledger_release(p_holds text[]) returns bigint language plpgsql as $$
declare
  v_count bigint;
  v_returned bigint;
begin
  perform from yumagate.purse p
    where p.account_number in (select h.account_number from yumagate.hold h where h.id = any (p_holds))
    order by p.account_number for update;
  with rests as (
    select h.id, h.amount - h.captured - h.released as rest
      from yumagate.hold h where h.id = any (p_holds) and h.closed_at is null
  ), closed as (
    update yumagate.hold h set released = h.released + r.rest, closed_at = now()
      from rests r where h.id = r.id
      returning h.id, h.account_number, h.key_id, h.metered_from, h.made_at, r.rest, nextval('yumagate.txn_number') as number
  ), journal as (
    insert into yumagate.txn (id, number, kind) select 'rel:' || id, number, 'release' from closed
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select c.number, p.held_account, p.available_account, c.rest
      from closed c join yumagate.purse p on p.account_number = c.account_number
      where c.rest > 0
  ), given as (
    update yumagate.purse p set held = p.held - s.rest, available = p.available + s.rest
      from (select account_number, sum(rest)::bigint as rest from closed group by account_number) s
      where p.account_number = s.account_number
  )
  select count(*), sum(case when c.metered_from is null then 0
      else yumagate.key_return(c.key_id, c.metered_from, c.made_at, c.rest) end)
    into v_count, v_returned from closed c;
  return v_count;
end $$;

-- As before; holds of keys that are counted, like those of keys that have expired, are not plain.
create or replace function yumagate.ledger_commit_many(
  s_hold text[], s_receipt text[], s_account text[], s_captured bigint[], s_request text[], s_revenue text[], s_body text[],
  v_hold text[],
  h_id text[], h_account text[], h_key text[], h_amount bigint[], h_ttl_ms bigint[], p_process text,
  out settled boolean[], out codes smallint[], out available bigint[]) language plpgsql ${PLAN_ONCE} as $$
declare
  v_done bigint[];
  i integer;
  answer record;
begin
  settled := '{}';
  perform yumagate.ledger_lock(s_hold || v_hold, h_account);
  if cardinality(s_hold) > 0 then
    settled := yumagate.ledger_settle_many(s_hold, s_receipt, s_account, s_captured, s_request, s_revenue, s_body);
  end if;
  if cardinality(v_hold) > 0 then
    perform yumagate.ledger_release(v_hold);
  end if;
  codes := array_fill(0::smallint, array[cardinality(h_id)]);
  available := array_fill(0::bigint, array[cardinality(h_id)]);
  if cardinality(h_id) = 0 then
    return;
  end if;
  -- By sets for the accounts all of whose requests are new, allowed and paid for; the order among those does not matter.
  with asked as (
    select s.n, s.id, s.key_id, s.amount, s.ttl_ms, p.account_number, p.available_account, p.held_account, p.available as funds,
        k.id is not null and not yumagate.is_metered(k)
          and not exists (select from yumagate.hold h where h.id = s.id) as is_plain
      from unnest(h_id, h_account, h_key, h_amount, h_ttl_ms) with ordinality as s (id, account_id, key_id, amount, ttl_ms, n)
      join yumagate.account a on a.id = s.account_id
      join yumagate.purse p on p.account_number = a.number
      left join yumagate.api_key k on k.id = s.key_id and k.account_number = a.number and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > now())
  ), plain as (
    select account_number, sum(amount) as total
      from asked group by account_number having bool_and(is_plain) and sum(amount) <= max(funds)
  ), numbered as materialized (
    select asked.*, nextval('yumagate.txn_number') as number from asked join plain using (account_number)
  ), made as (
    insert into yumagate.hold (id, account_number, key_id, amount, is_run, process_id, expires_at)
    select id, account_number, key_id, amount, false, p_process, now() + ttl_ms * interval '1 millisecond' from numbered
  ), journal as (
    insert into yumagate.txn (id, number, kind) select id, number, 'hold' from numbered
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select number, available_account, held_account, amount from numbered
  ), reserved as (
    update yumagate.purse p set available = p.available - s.total::bigint, held = p.held + s.total::bigint
      from plain s where p.account_number = s.account_number
  )
  select coalesce(array_agg(n), '{}') into v_done from numbered;
  if cardinality(v_done) = cardinality(h_id) then
    return;
  end if;
  for i in select s.n from generate_series(1, cardinality(h_id)) as s (n) where s.n <> all (v_done) order by s.n loop
    select o.* into answer
      from yumagate.ledger_hold(h_id[i], h_account[i], h_key[i], h_amount[i], h_ttl_ms[i], p_process, false) o;
    codes[i] := answer.code;
    available[i] := answer.available;
  end loop;
end $$;
`
