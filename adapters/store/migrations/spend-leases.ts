/**
 * Spend leases: a hold of one account and key that many requests draw from. Each request is a capture with a receipt of its own; what is
 * left goes back when the lease is closed, or, of one that is still in use, when somebody needs the money. How one is opened and released
 * stands with the meters of keys, which both have to look at.
 */

import { PLAN_ONCE } from './ledger-functions.ts'

export const spendLeases = /* sql */ `
alter table yumagate.hold add column is_lease boolean not null default false;

-- Gives back what an open lease has left beyond p_keep, and leaves it open. Nothing when it is closed or has no more than that.
create function yumagate.lease_give_back(p_id text, p_keep bigint) returns void language plpgsql ${PLAN_ONCE} as $$
begin
  perform from yumagate.purse p
    where p.account_number = (select h.account_number from yumagate.hold h where h.id = p_id) for update;
  with freed as (
    select h.id, h.account_number, h.amount - h.captured - h.released - p_keep as rest, nextval('yumagate.txn_number') as number
      from yumagate.hold h
      where h.id = p_id and h.is_lease and h.closed_at is null and p_keep >= 0
        and h.amount - h.captured - h.released > p_keep
  ), returned as (
    update yumagate.hold h set released = h.released + f.rest from freed f where h.id = f.id
  ), journal as (
    insert into yumagate.txn (id, number, kind) select 'ret:' || id || ':' || number, number, 'release' from freed
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select f.number, p.held_account, p.available_account, f.rest
      from freed f join yumagate.purse p on p.account_number = f.account_number
  )
  update yumagate.purse p set held = p.held - f.rest, available = p.available + f.rest
    from freed f where p.account_number = f.account_number;
end $$;

-- Captures out of open leases, by sets. What one lease is asked for here is captured whole or not at all. Answers true also for what was
-- captured before under the same receipt. The receipts come as lines of one text, which JSON has no line breaks in: an array of such
-- texts costs as much to write and read as all the rest.
create function yumagate.lease_capture(
  c_hold text[], c_receipt text[], c_account text[], c_captured bigint[], c_request text[], c_revenue text[], c_bodies text
) returns boolean[] language plpgsql ${PLAN_ONCE} as $$
declare
  v_done bigint;
  c_body text[] := string_to_array(c_bodies, E'\\n');
begin
  perform yumagate.ledger_lock(c_hold, c_account);
  with asked as (
    select distinct on (c.id) c.*, h.account_number
      from unnest(c_hold, c_receipt, c_account, c_captured, c_request, c_revenue, c_body) with ordinality
        as c (hold_id, id, account_id, captured, request_id, revenue, body, n)
      join yumagate.account a on a.id = c.account_id
      join yumagate.hold h on h.id = c.hold_id and h.account_number = a.number and h.is_lease and h.closed_at is null
      where not exists (select from yumagate.receipt r where r.id = c.id)
      order by c.id, c.n
  ), asked_of as (
    select hold_id, sum(captured)::bigint as total from asked group by hold_id having min(captured) >= 0
  ), drawn as (
    update yumagate.hold h set captured = h.captured + s.total
      from asked_of s
      where h.id = s.hold_id and s.total <= h.amount - h.captured - h.released
      returning h.id, h.account_number, s.total
  ), numbered as materialized (
    select a.*, nextval('yumagate.txn_number') as number from asked a join drawn d on d.id = a.hold_id
  ), journal as (
    insert into yumagate.txn (id, number, kind) select 'cap:' || request_id, number, 'capture' from numbered
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select m.number, p.held_account, (select b.number from yumagate.ledger_account b where b.name = m.revenue), m.captured
      from numbered m join yumagate.purse p on p.account_number = m.account_number
      where m.captured > 0
  ), written as (
    insert into yumagate.receipt (id, account_number, hold_id, request_id, captured, body)
    select id, account_number, hold_id, request_id, captured, body from numbered order by n
  ), paid as (
    update yumagate.purse p set held = p.held - s.total, spent = p.spent + s.total
      from (select account_number, sum(total)::bigint as total from drawn group by account_number) s
      where p.account_number = s.account_number
  )
  select count(*) into v_done from numbered;
  if v_done = cardinality(c_hold) then
    return array_fill(true, array[cardinality(c_hold)]);
  end if;
  return array(
    select exists (select from yumagate.receipt r where r.id = c.id and r.body = c.body)
      from unnest(c_receipt, c_body) with ordinality as c (id, body, n) order by c.n);
end $$;

-- A batch that also captures out of leases. All its purses are locked first, in their order, as everybody does.
create function yumagate.ledger_commit_all(
  c_hold text[], c_receipt text[], c_account text[], c_captured bigint[], c_request text[], c_revenue text[], c_bodies text,
  s_hold text[], s_receipt text[], s_account text[], s_captured bigint[], s_request text[], s_revenue text[], s_body text[],
  v_hold text[],
  h_id text[], h_account text[], h_key text[], h_amount bigint[], h_ttl_ms bigint[], p_process text, p_by_sets boolean,
  out captured boolean[], out settled boolean[], out codes smallint[], out available bigint[]
) language plpgsql ${PLAN_ONCE} as $$
declare
  answer record;
begin
  perform yumagate.ledger_lock(c_hold || s_hold || v_hold, c_account || h_account);
  captured := yumagate.lease_capture(c_hold, c_receipt, c_account, c_captured, c_request, c_revenue, c_bodies);
  if p_by_sets then
    select o.* into answer from yumagate.ledger_commit_many(
      s_hold, s_receipt, s_account, s_captured, s_request, s_revenue, s_body, v_hold,
      h_id, h_account, h_key, h_amount, h_ttl_ms, p_process) o;
  else
    select o.* into answer from yumagate.ledger_commit_each(
      s_hold, s_receipt, s_account, s_captured, s_request, s_revenue, s_body, v_hold,
      h_id, h_account, h_key, h_amount, h_ttl_ms, p_process) o;
  end if;
  settled := answer.settled;
  codes := answer.codes;
  available := answer.available;
end $$;
`
