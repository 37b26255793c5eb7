/**
 * A whole batch of the purse in one call and one transaction: settles, voids, holds, with an answer for each.
 *
 * `ledger_commit_each` goes row by row, takes any batch and is the measure of what is right; `ledger_commit_many` does the same by sets,
 * and wants every hold and receipt named at most once. For one row the first is cheaper, for more the second.
 */

import { PLAN_ONCE } from './ledger-functions.ts'

const PARAMETERS = /* sql */ `
  s_hold text[], s_receipt text[], s_account text[], s_captured bigint[], s_request text[], s_revenue text[], s_body text[],
  v_hold text[],
  h_id text[], h_account text[], h_key text[], h_amount bigint[], h_ttl_ms bigint[], p_process text,
  out settled boolean[], out codes smallint[], out available bigint[]`

export const ledgerCommit = /* sql */ `
create function yumagate.ledger_lock(p_holds text[], p_accounts text[]) returns void language sql as $$
  select from yumagate.purse p
    where p.account_number in (
      select h.account_number from yumagate.hold h where h.id = any (p_holds)
      union all select a.number from yumagate.account a where a.id = any (p_accounts))
    order by p.account_number for update
$$;

create function yumagate.ledger_commit_each(${PARAMETERS}) language plpgsql ${PLAN_ONCE} as $$
declare
  i integer;
  answer record;
begin
  settled := '{}';
  codes := '{}';
  available := '{}';
  if cardinality(s_hold) + cardinality(v_hold) + cardinality(h_id) > 1 then
    perform yumagate.ledger_lock(s_hold || v_hold, h_account);
  end if;
  for i in 1 .. cardinality(s_hold) loop
    settled[i] := yumagate.ledger_settle(
      s_hold[i], s_receipt[i], s_account[i], s_captured[i], s_request[i], s_revenue[i], s_body[i]);
  end loop;
  if cardinality(v_hold) > 0 then
    perform yumagate.ledger_release(v_hold);
  end if;
  for i in 1 .. cardinality(h_id) loop
    select o.* into answer
      from yumagate.ledger_hold(h_id[i], h_account[i], h_key[i], h_amount[i], h_ttl_ms[i], p_process, false) o;
    codes[i] := answer.code;
    available[i] := answer.available;
  end loop;
end $$;

create function yumagate.ledger_settle_many(
  s_hold text[], s_receipt text[], s_account text[], s_captured bigint[], s_request text[], s_revenue text[], s_body text[]
) returns boolean[] language plpgsql as $$
declare
  v_done bigint;
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
      returning h.id as hold_id, h.account_number, h.captured, h.released, s.id, s.request_id, s.revenue, s.body,
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
  select count(*) into v_done from closed;
  if v_done = cardinality(s_hold) then
    return array_fill(true, array[cardinality(s_hold)]);
  end if;
  return array(
    select exists (select from yumagate.receipt r where r.id = s.id and r.body = s.body)
      from unnest(s_receipt, s_body) with ordinality as s (id, body, n) order by s.n);
end $$;

create function yumagate.ledger_commit_many(${PARAMETERS}) language plpgsql ${PLAN_ONCE} as $$
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
        k.id is not null and not exists (select from yumagate.hold h where h.id = s.id) as is_plain
      from unnest(h_id, h_account, h_key, h_amount, h_ttl_ms) with ordinality as s (id, account_id, key_id, amount, ttl_ms, n)
      join yumagate.account a on a.id = s.account_id
      join yumagate.purse p on p.account_number = a.number
      left join yumagate.api_key k on k.id = s.key_id and k.account_number = a.number and k.revoked_at is null
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
