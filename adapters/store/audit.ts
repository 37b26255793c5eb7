/** The log of changes in SQL: written beside the change, in its transaction. */
import type { Actor } from '../../src/ports/accounts.ts'
import type { AuditLog } from '../../src/ports/keys.ts'
import { integerOf, nullableTextOf, textOf, timeOf } from './columns.ts'
import type { Database, Queryable } from './database.ts'

/** Who changes something when nobody else does. */
export const GATEWAY: Actor = { name: 'gateway', address: null }

export type Change = {
  readonly by: Actor
  readonly action: string
  readonly subject: string
  /** JSON values only. */
  readonly details: Readonly<Record<string, unknown>>
}

export async function writeAudit(transaction: Queryable, change: Change): Promise<void> {
  const { by, action, subject, details } = change
  await transaction.query(
    'insert into yumagate.audit_log (actor, address, action, subject, details) values ($1, $2, $3, $4, $5)',
    [by.name, by.address, action, subject, JSON.stringify(details)],
  )
}

export function createAuditLog(database: Database): AuditLog {
  return {
    async list({ limit, before }) {
      const rows = await database.query(
        `select number, at, actor, address, action, subject, details from yumagate.audit_log
           where $2::bigint is null or number < $2 order by number desc limit $1`,
        [limit, before],
      )
      return rows.map((row) => ({
        number: integerOf(row, 'number'),
        at: timeOf(row, 'at'),
        actor: { name: textOf(row, 'actor'), address: nullableTextOf(row, 'address') },
        action: textOf(row, 'action'),
        subject: textOf(row, 'subject'),
        // We wrote it as an object.
        details: JSON.parse(textOf(row, 'details')) as Record<string, unknown>,
      }))
    },
  }
}
