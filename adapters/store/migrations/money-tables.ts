/** Accounts, keys, the journal of the ledger and what is derived from it. All amounts are rao in `bigint`. */

export const moneyTables = /* sql */ `
create table yumagate.account (
  number bigint generated always as identity primary key,
  id text not null unique,
  name text not null unique,
  deposit_address text not null unique,
  created_at timestamptz not null default now()
);

create table yumagate.api_key (
  id text primary key,
  account_number bigint not null references yumagate.account,
  prefix text not null,
  sha256 text not null unique check (sha256 ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
create index api_key_account on yumagate.api_key (account_number);

-- The chart of accounts: custody:deposit, revenue:<capability>, user:<id>:available, user:<id>:held.
create table yumagate.ledger_account (
  number bigint generated always as identity primary key,
  name text not null unique,
  kind text not null check (kind in ('asset', 'liability', 'income', 'expense'))
);
insert into yumagate.ledger_account (name, kind) values ('custody:deposit', 'asset');

-- The journal. An entry moves its amount from the debited to the credited account, so that each entry, each transaction and the whole
-- sum to zero by their shape. The balance of an account is the sum of its credits less the sum of its debits.
-- No foreign keys here: each would cost every request a look-up, only the functions below write, and verify() proves the references.
create sequence yumagate.txn_number;
create table yumagate.txn (
  id text primary key,
  number bigint not null,
  kind text not null check (kind in ('deposit', 'hold', 'settle', 'capture', 'release')),
  made_at timestamptz not null default now()
);
create table yumagate.entry (
  txn_number bigint not null,
  debit bigint not null,
  credit bigint not null,
  amount bigint not null check (amount > 0),
  check (debit <> credit)
);

-- What an account has, kept up to date with each transaction: one row per customer, so that customers never wait for each other.
-- Revenue and custody have no such row, which every request would have to wait for: their balance is the sum of their entries.
create table yumagate.purse (
  account_number bigint primary key references yumagate.account,
  available_account bigint not null references yumagate.ledger_account,
  held_account bigint not null references yumagate.ledger_account,
  available bigint not null default 0 constraint purse_available_guard check (available >= 0),
  held bigint not null default 0 constraint purse_held_guard check (held >= 0),
  spent bigint not null default 0 check (spent >= 0)
) with (fillfactor = 50);

create table yumagate.hold (
  id text primary key check (id like 'hold:_%'),
  account_number bigint not null,
  key_id text not null,
  amount bigint not null check (amount > 0),
  captured bigint not null default 0 check (captured >= 0),
  released bigint not null default 0 check (released >= 0),
  -- The hold of a pipeline run: captured step by step, closed with its run, never swept.
  is_run boolean not null,
  process_id text not null,
  made_at timestamptz not null default now(),
  expires_at timestamptz not null,
  closed_at timestamptz,
  check (captured + released <= amount),
  check (closed_at is null or captured + released = amount)
) with (fillfactor = 70);
create index hold_open on yumagate.hold (expires_at) where closed_at is null;

create table yumagate.receipt (
  id text primary key,
  number bigint generated always as identity,
  account_number bigint not null,
  hold_id text not null,
  request_id text not null,
  captured bigint not null check (captured >= 0),
  -- The receipt as canonical JSON text: the same receipt is the same text.
  body text not null
);
create index receipt_account on yumagate.receipt (account_number, number);
create index receipt_request on yumagate.receipt (request_id);

create table yumagate.deposit (
  genesis_hash text not null,
  block_hash text not null,
  event_index integer not null,
  block_number bigint not null,
  number bigint generated always as identity,
  account_number bigint not null references yumagate.account,
  from_address text not null,
  to_address text not null,
  amount bigint not null check (amount > 0),
  credited_at timestamptz not null default now(),
  primary key (genesis_hash, block_hash, event_index)
);
create index deposit_account on yumagate.deposit (account_number, number);

create table yumagate.deposit_cursor (
  only_row boolean primary key default true check (only_row),
  genesis_hash text not null,
  block_number bigint not null,
  block_hash text not null
);

create function yumagate.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: a correction is a new entry', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on yumagate.txn
  for each statement execute function yumagate.refuse_change();
create trigger append_only before update or delete or truncate on yumagate.entry
  for each statement execute function yumagate.refuse_change();
create trigger append_only before update or delete or truncate on yumagate.receipt
  for each statement execute function yumagate.refuse_change();
create trigger append_only before update or delete or truncate on yumagate.deposit
  for each statement execute function yumagate.refuse_change();
create trigger append_only before update or delete or truncate on yumagate.ledger_account
  for each statement execute function yumagate.refuse_change();
`
