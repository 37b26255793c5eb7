/** Accounts and keys in SQL. */
import { GatewayError } from '../../src/errors.ts'
import type { Account, Accounts, KeyRecord } from '../../src/ports/accounts.ts'
import { nullableTimeOf, type Row, textOf, timeOf } from './columns.ts'
import { type Database, sqlStateOf, UNIQUE_VIOLATION } from './database.ts'

const ACCOUNT = 'id, name, deposit_address, created_at'
const KEY = 'k.id, a.id as account_id, k.prefix, k.revoked_at'

export function createAccounts(database: Database): Accounts {
  const findAccount = async (column: 'id' | 'name', value: string): Promise<Account | null> => {
    const [row] = await database.query(`select ${ACCOUNT} from yumagate.account where ${column} = $1`, [
      value,
    ])
    return row ? readAccount(row) : null
  }
  return {
    async create({ id, name, depositAddress }) {
      const rows = await unique('An account with that name or deposit address exists.', () =>
        // One statement: the account, its two places in the ledger and its purse.
        database.query(
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
        ),
      )
      return readAccount(only(rows))
    },
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
    async addKey({ id, accountId, prefix, sha256 }) {
      const rows = await unique('That key exists.', () =>
        database.query(
          `insert into yumagate.api_key (id, account_number, prefix, sha256)
             select $1, number, $3, $4 from yumagate.account where id = $2 returning id`,
          [id, accountId, prefix, sha256],
        ),
      )
      if (rows.length === 0) throw unknownAccount()
      return { id, accountId, prefix, revokedAt: null }
    },
    async findKey(sha256) {
      const [row] = await database.query(
        `select ${KEY} from yumagate.api_key k join yumagate.account a on a.number = k.account_number where k.sha256 = $1`,
        [sha256],
      )
      return row ? readKey(row) : null
    },
    async revokeKeys(accountId, exceptSha256) {
      const rows = await database.query(
        `update yumagate.api_key k set revoked_at = now() from yumagate.account a
           where a.number = k.account_number and a.id = $1 and k.revoked_at is null and k.sha256 is distinct from $2
           returning k.id`,
        [accountId, exceptSha256],
      )
      return rows.length
    },
  }
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

const readKey = (row: Row): KeyRecord => ({
  id: textOf(row, 'id'),
  accountId: textOf(row, 'account_id'),
  prefix: textOf(row, 'prefix'),
  revokedAt: nullableTimeOf(row, 'revoked_at'),
})
