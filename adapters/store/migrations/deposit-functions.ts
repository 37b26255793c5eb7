/** Crediting of deposits, once per event of a block. */

import { PLAN_ONCE } from './ledger-functions.ts'

export const depositFunctions = /* sql */ `
-- Credits each event that was not credited before; answers those, in the order given. Every address must be known.
create function yumagate.ledger_deposit(
  p_genesis text, p_block_hash text, p_block_number bigint,
  p_event integer[], p_from text[], p_to text[], p_amount bigint[]
) returns table (account_id text, amount bigint) language plpgsql ${PLAN_ONCE} as $$
#variable_conflict use_column
begin
  perform from yumagate.purse p
    where p.account_number in (select a.number from yumagate.account a where a.deposit_address = any (p_to))
    order by p.account_number for update;
  return query
  with asked as (
    select distinct on (c.event_index) c.*, a.number as account_number, a.id as account_id
      from unnest(p_event, p_from, p_to, p_amount) with ordinality
        as c (event_index, from_address, to_address, amount, n)
      join yumagate.account a on a.deposit_address = c.to_address
      order by c.event_index, c.n
  ), made as (
    insert into yumagate.deposit
      (genesis_hash, block_hash, event_index, block_number, account_number, from_address, to_address, amount)
    select p_genesis, p_block_hash, event_index, p_block_number, account_number, from_address, to_address, amount
      from asked order by n
    on conflict (genesis_hash, block_hash, event_index) do nothing
    returning event_index
  ), fresh as materialized (
    select asked.*, nextval('yumagate.txn_number') as number from asked join made using (event_index)
  ), journal as (
    insert into yumagate.txn (id, number, kind)
    select 'dep:' || p_genesis || ':' || p_block_hash || ':' || event_index, number, 'deposit' from fresh
  ), moved as (
    insert into yumagate.entry (txn_number, debit, credit, amount)
    select f.number, custody.number, p.available_account, f.amount
      from fresh f
      join yumagate.purse p on p.account_number = f.account_number
      join yumagate.ledger_account custody on custody.name = 'custody:deposit'
  ), given as (
    update yumagate.purse p set available = p.available + s.total
      from (select account_number, sum(amount)::bigint as total from fresh group by account_number) s
      where p.account_number = s.account_number
  )
  select fresh.account_id, fresh.amount from fresh order by n;
end $$;
`
