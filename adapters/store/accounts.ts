/** Accounts and keys in SQL. */
import { GatewayError } from '../../src/errors.ts'
import type { Account, Accounts, Actor, KeyRecord, NewKeyRecord } from '../../src/ports/accounts.ts'
import { GATEWAY, writeAudit } from './audit.ts'
import { type Row, textOf, timeOf } from './columns.ts'
import { type Database, type Queryable, sqlStateOf, UNIQUE_VIOLATION } from './database.ts'
import { KEY_COLUMNS, RULE_COLUMNS, readKey, rulesToJson, ruleValues } from './key-rows.ts'

const ACCOUNT = 'id, name, deposit_address, created_at'

export function createAccounts(database: Database): Accounts {
  const findAccount = async (column: 'id' | 'name', value: string): Promise<Account | null> => {
    const [row] = await database.query(`select ${ACCOUNT} from yumagate.account where ${column} = $1`, [
      value,
    ])
    return row ? readAccount(row) : null
  }
  return {
    create: (account, by = GATEWAY) =>
      unique('An account with that name or deposit address exists.', () =>
        database.transaction((transaction) => createAccount(transaction, account, by)),
      ),
    findByName: (name) => findAccount('name', name),
    async get(accountId) {
      const account = await findAccount('id', accountId)
      if (!account) throw unknownAccount()
      return account
    },
    async list() {
      return (await database.query(`select ${ACCOUNT} from yumagate.account order by number`)).map(
        readAccount,
      )
    },
    addKey: (key, by = GATEWAY) =>
      unique('That key exists.', () => database.transaction((transaction) => addKey(transaction, key, by))),
    async findKey(sha256) {
      const [row] = await database.query(FIND_KEY, [sha256])
      return row ? readKey(row) : null
    },
    revokeKeys: (accountId, exceptSha256, by = GATEWAY) =>
      database.transaction(async (transaction) => {
        const rows = await transaction.query(
          `update yumagate.api_key k set revoked_at = now() from yumagate.account a
             where a.number = k.account_number and a.id = $1 and k.revoked_at is null and k.sha256 is distinct from $2
             returning k.id, k.prefix`,
          [accountId, exceptSha256],
        )
        for (const row of rows) {
          const details = { account: accountId, prefix: textOf(row, 'prefix') }
          await writeAudit(transaction, { by, action: 'key.revoke', subject: textOf(row, 'id'), details })
        }
        return rows.length
      }),
  }
}

/** Notes the use of an active key once a minute; what it answers is as it was before. */
const FIND_KEY = {
  name: 'find_key',
  text: `with used as (
      update yumagate.api_key set last_used_at = now()
        where sha256 = $1 and revoked_at is null and (expires_at is null or expires_at > now())
          and (last_used_at is null or last_used_at < now() - interval '1 minute'))
    select ${KEY_COLUMNS} from yumagate.api_key k join yumagate.account a on a.number = k.account_number where k.sha256 = $1`,
}

type NewAccount = Parameters<Accounts['create']>[0]

async function createAccount(transaction: Queryable, account: NewAccount, by: Actor): Promise<Account> {
  const { id, name, depositAddress } = account
  // One statement: the account, its two places in the ledger and its purse.
  const rows = await transaction.query(
    `with made as (
       insert into yumagate.account (id, name, deposit_address) values ($1, $2, $3) returning number, ${ACCOUNT}
     ), places as (
       insert into yumagate.ledger_account (name, kind)
         select 'user:' || $1 || place, 'liability' from unnest(array[':available', ':held']) as place
         returning number, name
     ), purse as (
       insert into yumagate.purse (account_number, available_account, held_account)
         select made.number, available.number, held.number from made
           join places available on available.name like '%:available' join places held on held.name like '%:held'
     )
     select ${ACCOUNT} from made`,
    [id, name, depositAddress],
  )
  await writeAudit(transaction, {
    by,
    action: 'account.create',
    subject: id,
    details: { name, depositAddress },
  })
  return readAccount(only(rows))
}

async function addKey(transaction: Queryable, key: NewKeyRecord, by: Actor): Promise<KeyRecord> {
  const { id, accountId, prefix, sha256, name = null, expiresAt = null, rules = null } = key
  const rows = await transaction.query(
    `with added as (
       insert into yumagate.api_key (id, account_number, prefix, sha256, name, expires_at, ${RULE_COLUMNS}, budget_since)
         select $1, number, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, case when $14::text is null then null else now() end
           from yumagate.account where id = $2
         returning *)
     select ${KEY_COLUMNS} from added k join yumagate.account a on a.number = k.account_number`,
    [id, accountId, prefix, sha256, name, expiresAt, ...ruleValues(rules)],
  )
  const [row] = rows
  if (!row) throw unknownAccount()
  const added = readKey(row)
  const details = {
    account: accountId,
    prefix,
    name,
    expiresAt: added.expiresAt,
    ...rulesToJson(added.rules),
  }
  await writeAudit(transaction, { by, action: 'key.create', subject: id, details })
  return added
}

async function unique<Result>(message: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (sqlStateOf(error) === UNIQUE_VIOLATION) throw new GatewayError('conflict', message)
    throw error
  }
}

const unknownAccount = (): GatewayError => new GatewayError('not_found', 'There is no such account.')

function only(rows: readonly Row[]): Row {
  const [row] = rows
  if (!row) throw new GatewayError('internal_error', 'The database gave no answer.')
  return row
}

const readAccount = (row: Row): Account => ({
  id: textOf(row, 'id'),
  name: textOf(row, 'name'),
  depositAddress: textOf(row, 'deposit_address'),
  createdAt: timeOf(row, 'created_at'),
})
