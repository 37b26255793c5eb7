/**
 * The operations on one hold, each a function so that it is one round trip. The purse is always locked before its holds, and purses in
 * the order of their numbers, so that no two sessions wait for each other.
 */

/**
 * For functions that are called from outside; those that only they call run under their settings. Plans are made once, by index: the
 * planner would take the tables for as small as they were when it first looked, and read all of them for each request ever after. It
 * would also plan each batch anew, which costs more than running it (a third of a batch of 32).
 */
export const PLAN_ONCE =
  'set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off'

export const ledgerFunctions = /* sql */ `
-- Answers: 0 held, 1 insufficient (with what is available), 2 refused, 3 conflict. The content of a hold is its account, key and
-- amount: asked again with another time to live it is the same hold.
create function yumagate.ledger_hold(
  p_id text, p_account text, p_key text, p_amount bigint, p_ttl_ms bigint, p_process text, p_is_run boolean,
  out code smallint, out available bigint
) language plpgsql as $$
declare
  purse record;
  old record;
begin
  available := 0;
  select p.*, k.id is not null as has_key into purse
    from yumagate.account a
    join yumagate.purse p on p.account_number = a.number
    left join yumagate.api_key k on k.id = p_key and k.account_number = a.number and k.revoked_at is null
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
  with made as (
    insert into yumagate.hold (id, account_number, key_id, amount, is_run, process_id, expires_at)
    values (p_id, purse.account_number, p_key, p_amount, p_is_run, p_process, now() + p_ttl_ms * interval '1 millisecond')
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

-- Captures, releases the rest, closes the hold of a single request, writes its receipt. True also when just that was done before.
create function yumagate.ledger_settle(
  p_hold text, p_receipt text, p_account text, p_captured bigint, p_request text, p_revenue text, p_body text
) returns boolean language plpgsql as $$
declare
  purse record;
  v_released bigint;
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
    returning h.released into v_released;
  if v_released is null then
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
        (purse.available_account, v_released)) as m (credit, amount)
      where m.amount > 0
  ), written as (
    insert into yumagate.receipt (id, account_number, hold_id, request_id, captured, body)
    values (p_receipt, purse.account_number, p_hold, p_request, p_captured, p_body)
  )
  update yumagate.purse p
    set held = p.held - p_captured - v_released, available = p.available + v_released, spent = p.spent + p_captured
    where p.account_number = purse.account_number;
  return true;
end $$;

-- Captures out of the hold of a run, which stays open. False when it is closed or has not that much left.
create function yumagate.ledger_capture(
  p_id text, p_hold text, p_receipt text, p_account text, p_captured bigint, p_request text, p_revenue text, p_body text
) returns boolean language plpgsql ${PLAN_ONCE} as $$
declare
  purse record;
begin
  select p.* into purse
    from yumagate.hold h
    join yumagate.purse p on p.account_number = h.account_number
    join yumagate.account a on a.number = h.account_number and a.id = p_account
    where h.id = p_hold and h.is_run for update of p;
  update yumagate.hold h set captured = h.captured + p_captured
    where h.id = p_hold and h.account_number = purse.account_number and h.closed_at is null
      and p_captured between 0 and h.amount - h.captured - h.released;
  if not found then
    return false;
  end if;
  with journal as (
    insert into yumagate.txn (id, number, kind) values (p_id, nextval('yumagate.txn_number'), 'capture') returning number
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select number, purse.held_account, (select b.number from yumagate.ledger_account b where b.name = p_revenue), p_captured
      from journal where p_captured > 0
  ), written as (
    insert into yumagate.receipt (id, account_number, hold_id, request_id, captured, body)
    values (p_receipt, purse.account_number, p_hold, p_request, p_captured, p_body)
  )
  update yumagate.purse p set held = p.held - p_captured, spent = p.spent + p_captured
    where p.account_number = purse.account_number;
  return true;
end $$;

-- Gives back what is left of open holds and closes them; leaves closed and unknown ones alone. Answers how many it closed.
create function yumagate.ledger_release(p_holds text[]) returns bigint language plpgsql as $$
declare
  v_count bigint;
begin
  perform from yumagate.purse p
    where p.account_number in (select h.account_number from yumagate.hold h where h.id = any (p_holds))
    order by p.account_number for update;
  with closed as (
    update yumagate.hold h set released = h.amount - h.captured, closed_at = now()
      where h.id = any (p_holds) and h.closed_at is null
      returning h.id, h.account_number, h.released as rest, nextval('yumagate.txn_number') as number
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
  select count(*) into v_count from closed;
  return v_count;
end $$;

-- The two of these that are also called from outside of a batch: for runs, and by the sweep.
create function yumagate.run_hold(
  p_id text, p_account text, p_key text, p_amount bigint, p_ttl_ms bigint, p_process text,
  out code smallint, out available bigint
) language plpgsql ${PLAN_ONCE} as $$
declare
  answer record;
begin
  select o.* into answer from yumagate.ledger_hold(p_id, p_account, p_key, p_amount, p_ttl_ms, p_process, true) o;
  code := answer.code;
  available := answer.available;
end $$;

create function yumagate.release_holds(p_holds text[]) returns bigint language plpgsql ${PLAN_ONCE} as $$
begin
  return yumagate.ledger_release(p_holds);
end $$;

-- Tries to change and to remove what must not be changed: names every table that lets it. Touches no row.
create function yumagate.ledger_unsealed() returns setof text language plpgsql as $$
declare
  v_table text;
  v_statement text;
begin
  foreach v_table in array array['txn', 'entry', 'receipt', 'deposit', 'ledger_account'] loop
    foreach v_statement in array array['delete from yumagate.%1$I where false',
        'update yumagate.%1$I set ' || case v_table when 'entry' then 'amount = amount' when 'txn' then 'kind = kind'
          when 'receipt' then 'body = body' when 'deposit' then 'amount = amount' else 'name = name' end || ' where false'] loop
      begin
        execute format(v_statement, v_table);
        raise exception 'not refused' using errcode = 'YG001';
      exception
        when restrict_violation then null;
        when sqlstate 'YG001' then
          return next format('%s can be changed: %s', v_table, format(v_statement, v_table));
      end;
    end loop;
    -- Only looked up: an attempt would wait for everybody.
    if not exists (
      select from pg_trigger t where t.tgrelid = format('yumagate.%I', v_table)::regclass
        and t.tgname = 'append_only' and t.tgenabled in ('O', 'A') and (t.tgtype & 32) <> 0
    ) then
      return next format('%s can be truncated', v_table);
    end if;
  end loop;
end $$;
`
