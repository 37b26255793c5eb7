/** Records of callers' files, and small documents of the gateway itself. */

export const fileTables = /* sql */ `
create table yumagate.file (
  id text primary key,
  number bigint generated always as identity,
  account_id text not null references yumagate.account (id),
  file_name text not null,
  purpose text not null,
  mime text not null,
  size_bytes bigint not null check (size_bytes >= 0),
  sha256 text not null,
  width integer,
  height integer,
  duration_seconds double precision,
  created_at timestamptz not null
);
create index file_account on yumagate.file (account_id, number);

-- Text and not jsonb: what was written is read, members in their order, numbers as they were.
create table yumagate.document (
  name text primary key,
  body text not null,
  written_at timestamptz not null default now()
);
`
