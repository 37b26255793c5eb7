/** Binary content in the database, in chunks, for processes that share a server but no disk. */
import { GatewayError } from '../../src/errors.ts'
import type { Blobs } from '../../src/ports/store.ts'
import { integerOf, textOf } from './columns.ts'
import type { Database } from './database.ts'

const KEY = /^[a-z0-9_-]{1,200}$/

/** What one statement carries: small enough that no message on the wire is a burden, on either side. */
export const CHUNK_BYTES = 1024 * 1024

export function createBlobs(database: Database): Blobs {
  return {
    async write(key, bytes) {
      if (!KEY.test(key)) throw new GatewayError('internal_error', 'A key of stored content is malformed.')
      // A copy of each chunk is made as it is sent; what the caller does meanwhile must not reach the later ones.
      const content = Buffer.from(bytes)
      await database.transaction(async (transaction) => {
        // The row is the lock of all who write this key.
        await transaction.query(
          `insert into yumagate.blob (key, size_bytes) values ($1, $2)
             on conflict (key) do update set size_bytes = excluded.size_bytes, written_at = now()`,
          [key, content.length],
        )
        await transaction.query('delete from yumagate.blob_chunk where key = $1', [key])
        for (let start = 0; start < content.length; start += CHUNK_BYTES) {
          await transaction.query(
            'insert into yumagate.blob_chunk (key, number, bytes) values ($1, $2, $3)',
            [key, start / CHUNK_BYTES, content.subarray(start, start + CHUNK_BYTES)],
          )
        }
      })
    },
    async read(key) {
      if (!KEY.test(key)) throw notFound()
      // One statement, so that all chunks are of one content.
      const rows = await database.query(
        `select b.size_bytes, c.bytes from yumagate.blob b left join yumagate.blob_chunk c on c.key = b.key
           where b.key = $1 order by c.number`,
        [key],
      )
      const [first] = rows
      if (!first) throw notFound()
      const sizeBytes = integerOf(first, 'size_bytes')
      const bytes = Buffer.concat(rows.flatMap((row) => (Buffer.isBuffer(row.bytes) ? [row.bytes] : [])))
      if (bytes.length !== sizeBytes)
        throw new GatewayError('internal_error', 'Stored content is not whole.', {
          cause: new Error(`${key} has ${bytes.length} of ${sizeBytes} bytes`),
        })
      return bytes
    },
    async remove(key) {
      if (!KEY.test(key)) throw notFound()
      await database.query('delete from yumagate.blob where key = $1', [key])
    },
    async *listOld(ageMs) {
      for (let after = ''; ; ) {
        const keys = (await database.query(LIST_OLD, [after, ageMs, KEYS_PER_BATCH])).map((row) =>
          textOf(row, 'key'),
        )
        const last = keys.at(-1)
        if (last === undefined) return
        yield keys
        after = last
      }
    },
  }
}

const KEYS_PER_BATCH = 200

const LIST_OLD = `
  select key from yumagate.blob
    where key > $1 and written_at < now() - $2::float8 * interval '1 millisecond' order by key limit $3`

const notFound = (): GatewayError => new GatewayError('not_found', 'There is no such content.')
