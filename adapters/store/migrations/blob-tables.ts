/** Content of files, where processes share a server but no disk. Unused while the content lies in a folder. */

export const blobTables = /* sql */ `
create table yumagate.blob (
  key text primary key,
  size_bytes bigint not null check (size_bytes >= 0),
  written_at timestamptz not null default now()
);

create table yumagate.blob_chunk (
  key text not null references yumagate.blob (key) on delete cascade,
  number integer not null check (number >= 0),
  bytes bytea not null,
  primary key (key, number)
);
-- Pictures and recordings are compressed already.
alter table yumagate.blob_chunk alter column bytes set storage external;
`
