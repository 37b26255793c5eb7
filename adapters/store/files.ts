/** Records of stored files, and small documents, in SQL. */
import { GatewayError } from '../../src/errors.ts'
import type { Documents, Files, StoredFile } from '../../src/ports/store.ts'
import { integerOf, type Row, textOf, timeOf } from './columns.ts'
import { type Database, FOREIGN_KEY_VIOLATION, sqlStateOf, UNIQUE_VIOLATION } from './database.ts'

const FILE = `id, account_id, file_name, purpose, mime, size_bytes, sha256, width, height, duration_seconds, created_at`

export function createFiles(database: Database): Files {
  return {
    async add(file) {
      try {
        await database.query(
          `insert into yumagate.file (${FILE}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
          [
            file.id,
            file.accountId,
            file.fileName,
            file.purpose,
            file.mime,
            file.sizeBytes,
            file.sha256,
            file.width,
            file.height,
            file.durationSeconds,
            file.createdAt,
          ],
        )
      } catch (error) {
        const state = sqlStateOf(error)
        if (state === UNIQUE_VIOLATION) throw new GatewayError('conflict', 'That file exists.')
        if (state === FOREIGN_KEY_VIOLATION) throw new GatewayError('not_found', 'There is no such account.')
        throw error
      }
    },
    async find(fileId, accountId) {
      const [row] = await database.query(
        `select ${FILE} from yumagate.file where id = $1 and account_id = $2`,
        [fileId, accountId],
      )
      return row ? readFile(row) : null
    },
    async list(accountId, limit) {
      const rows = await database.query(
        `select ${FILE} from yumagate.file where account_id = $1 order by number desc limit $2`,
        [accountId, limit],
      )
      return rows.map(readFile)
    },
    async sumBytes(accountId) {
      const [row] = await database.query(
        'select coalesce(sum(size_bytes), 0)::bigint as size_bytes from yumagate.file where account_id = $1',
        [accountId],
      )
      return row ? integerOf(row, 'size_bytes') : 0
    },
    async remove(fileId, accountId) {
      const rows = await database.query(
        'delete from yumagate.file where id = $1 and account_id = $2 returning id',
        [fileId, accountId],
      )
      return rows.length > 0
    },
  }
}

export function createDocuments(database: Database): Documents {
  return {
    async read(name) {
      const [row] = await database.query('select body, written_at from yumagate.document where name = $1', [
        name,
      ])
      return row ? { json: JSON.parse(textOf(row, 'body')), writtenAt: timeOf(row, 'written_at') } : null
    },
    async write(name, json) {
      await database.query(
        `insert into yumagate.document (name, body) values ($1, $2)
           on conflict (name) do update set body = excluded.body, written_at = now()`,
        [name, JSON.stringify(json)],
      )
    },
    async writeFirst(name, json) {
      await database.query(
        'insert into yumagate.document (name, body) values ($1, $2) on conflict (name) do nothing',
        [name, JSON.stringify(json)],
      )
      const [row] = await database.query('select body from yumagate.document where name = $1', [name])
      return row ? JSON.parse(textOf(row, 'body')) : json
    },
  }
}

function readFile(row: Row): StoredFile {
  return {
    id: textOf(row, 'id'),
    accountId: textOf(row, 'account_id'),
    fileName: textOf(row, 'file_name'),
    purpose: textOf(row, 'purpose'),
    mime: textOf(row, 'mime'),
    sizeBytes: integerOf(row, 'size_bytes'),
    sha256: textOf(row, 'sha256'),
    width: row.width === null ? null : integerOf(row, 'width'),
    height: row.height === null ? null : integerOf(row, 'height'),
    durationSeconds: nullableSecondsOf(row),
    createdAt: timeOf(row, 'created_at'),
  }
}

function nullableSecondsOf(row: Row): number | null {
  const value = row.duration_seconds
  if (value === null || typeof value === 'number') return value
  throw new Error('the database answered no number in duration_seconds')
}
