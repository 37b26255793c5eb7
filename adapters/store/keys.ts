/** What people do with keys, in SQL: each change and its line of the audit log in one transaction. */
import { GatewayError } from '../../src/errors.ts'
import type { Actor } from '../../src/ports/accounts.ts'
import type { KeyChange, KeyFilter, KeyListing, Keys } from '../../src/ports/keys.ts'
import { writeAudit } from './audit.ts'
import { type Database, type Queryable, sqlStateOf, UNIQUE_VIOLATION } from './database.ts'
import { KEY_COLUMNS, NO_RULES, RULE_COLUMNS, readListing, rulesToJson, ruleValues } from './key-rows.ts'

const SELECT = `
  select ${KEY_COLUMNS}, k.created_at, k.last_used_at, k.replaced_by, coalesce(m.spent, 0) as spent
    from yumagate.api_key k join yumagate.account a on a.number = k.account_number
    left join yumagate.key_meter m on m.limit_id = coalesce(k.limit_id, k.id)
      and m.period_start = yumagate.budget_start(k.budget_period, k.budget_since)`

export function createKeys(database: Database): Keys {
  return {
    list: (filter) => selectKeys(database, filter),
    change: (keyId, change, by) =>
      database.transaction((transaction) => changeKey(transaction, { keyId, change, by })),
    rotate: (keyId, successor, by) =>
      database
        .transaction((transaction) => rotateKey(transaction, { keyId, successor, by }))
        .catch((error: unknown) => {
          if (sqlStateOf(error) !== UNIQUE_VIOLATION) throw error
          throw new GatewayError('conflict', 'That key exists.')
        }),
    revoke: (keyId, by) => database.transaction((transaction) => revokeKey(transaction, { keyId, by })),
  }
}

async function selectKeys(database: Queryable, filter: KeyFilter): Promise<readonly KeyListing[]> {
  const rows = await database.query(
    `${SELECT} where ($1::text is null or a.id = $1) and ($2::text is null or k.id = $2) order by k.created_at, k.id`,
    ['accountId' in filter ? filter.accountId : null, 'keyId' in filter ? filter.keyId : null],
  )
  return rows.map(readListing)
}

/** Locks the key and all that are limited with it. */
async function lockKey(transaction: Queryable, keyId: string): Promise<KeyListing> {
  await transaction.query(
    `select from yumagate.api_key k
       where coalesce(k.limit_id, k.id) = (select coalesce(o.limit_id, o.id) from yumagate.api_key o where o.id = $1)
       order by k.id for update`,
    [keyId],
  )
  return await getKey(transaction, keyId)
}

async function getKey(transaction: Queryable, keyId: string): Promise<KeyListing> {
  const [key] = await selectKeys(transaction, { keyId })
  if (!key) throw new GatewayError('not_found', 'There is no such key.')
  return key
}

type ChangeOrder = { readonly keyId: string; readonly change: KeyChange; readonly by: Actor }

async function changeKey(transaction: Queryable, { keyId, change, by }: ChangeOrder): Promise<KeyListing> {
  const before = await lockKey(transaction, keyId)
  if (before.status === 'revoked') throw new GatewayError('conflict', 'The key is revoked.')
  const name = change.name === undefined ? before.name : change.name
  const expiresAt = change.expiresAt === undefined ? before.expiresAt : change.expiresAt
  await transaction.query('update yumagate.api_key set name = $2, expires_at = $3 where id = $1', [
    keyId,
    name,
    expiresAt,
  ])
  // A key and its successor are limited as one.
  await transaction.query(
    `update yumagate.api_key k set (${RULE_COLUMNS}, budget_since) = (
         select $2::text[], $3::text[], $4::text[], $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::text,
           case when $9::text is null then null when k.budget_period = $9::text then k.budget_since else now() end)
       where coalesce(k.limit_id, k.id) = $1`,
    [before.limitId, ...ruleValues({ ...NO_RULES, ...before.rules, ...change.rules })],
  )
  const after = await getKey(transaction, keyId)
  const describe = (key: KeyListing) => ({
    name: key.name,
    expiresAt: key.expiresAt,
    ...rulesToJson(key.rules),
  })
  const details = { before: describe(before), after: describe(after) }
  await writeAudit(transaction, { by, action: 'key.limit', subject: keyId, details })
  return after
}

type RotateOrder = {
  readonly keyId: string
  readonly successor: Parameters<Keys['rotate']>[1]
  readonly by: Actor
}

async function rotateKey(transaction: Queryable, order: RotateOrder): Promise<KeyListing> {
  const { keyId, successor, by } = order
  const before = await lockKey(transaction, keyId)
  if (before.status !== 'active') throw new GatewayError('conflict', `The key is ${before.status}.`)
  if (before.replacedBy !== null)
    throw new GatewayError('conflict', `The key was rotated before, to ${before.replacedBy}.`)
  const columns = `account_number, name, expires_at, ${RULE_COLUMNS}, budget_since`
  await transaction.query(
    `insert into yumagate.api_key (id, prefix, sha256, limit_id, ${columns})
       select $2, $3, $4, coalesce(limit_id, id), ${columns} from yumagate.api_key where id = $1`,
    [keyId, successor.id, successor.prefix, successor.sha256],
  )
  await transaction.query(
    `update yumagate.api_key set replaced_by = $2,
         expires_at = least(expires_at, now() + $3::bigint * interval '1 millisecond') where id = $1`,
    [keyId, successor.id, successor.overlapMs],
  )
  const { expiresAt } = await getKey(transaction, keyId)
  const details = { successor: successor.id, prefix: successor.prefix, oldKeyEndsAt: expiresAt }
  await writeAudit(transaction, { by, action: 'key.rotate', subject: keyId, details })
  return await getKey(transaction, successor.id)
}

async function revokeKey(
  transaction: Queryable,
  { keyId, by }: { readonly keyId: string; readonly by: Actor },
): Promise<KeyListing> {
  const before = await lockKey(transaction, keyId)
  if (before.status === 'revoked') return before
  await transaction.query('update yumagate.api_key set revoked_at = now() where id = $1', [keyId])
  const details = { account: before.accountId, prefix: before.prefix }
  await writeAudit(transaction, { by, action: 'key.revoke', subject: keyId, details })
  return await getKey(transaction, keyId)
}
