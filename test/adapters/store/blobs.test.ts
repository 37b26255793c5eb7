import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHUNK_BYTES } from '../../../adapters/store/blobs.ts'
import { openServerStore, type ServerStore } from '../../../adapters/store/server/open-server-store.ts'
import { blobsContract } from '../../contract/blobs.ts'
import { makeDatabase, type OwnDatabase, SERVER_URL } from './own-database.ts'

describe.skipIf(SERVER_URL === null)('on a server (else TEST_DATABASE_URL is not set)', () => {
  let own: OwnDatabase
  let server: ServerStore
  beforeAll(async () => {
    own = await makeDatabase()
    server = await openServerStore({
      ...{ server: own.server, poolMax: 8, hasQueue: false, processId: 'process-1' },
    })
  })
  afterAll(async () => {
    await server.store.lifecycle.close()
    await own.drop()
  })

  blobsContract('postgres', async () => server.blobs)

  it.each([CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 25 * CHUNK_BYTES + 7])(
    '%i bytes are read as they were written',
    async (sizeBytes) => {
      const [key, bytes] = [`size-${sizeBytes}`, randomBytes(sizeBytes)]
      await server.blobs.write(key, bytes)
      expect(bytes.equals(await server.blobs.read(key))).toBe(true)
      const rows = await own.query(
        `select length(bytes) as size from yumagate.blob_chunk where key = '${key}'`,
      )
      expect(rows).toHaveLength(Math.ceil(sizeBytes / CHUNK_BYTES))
    },
  )

  it('a larger content that is replaced or removed leaves no chunk behind', async () => {
    await server.blobs.write('shrinks', randomBytes(2 * CHUNK_BYTES))
    await server.blobs.write('shrinks', Buffer.from('x'))
    expect(await own.query(`select number from yumagate.blob_chunk where key = 'shrinks'`)).toHaveLength(1)
    await server.blobs.remove('shrinks')
    expect(await own.query(`select number from yumagate.blob_chunk where key = 'shrinks'`)).toHaveLength(0)
  })

  it('a content that lost a chunk is refused, not cut short', async () => {
    await server.blobs.write('torn', randomBytes(2 * CHUNK_BYTES))
    await own.query(`delete from yumagate.blob_chunk where key = 'torn' and number = 1`)
    await expect(server.blobs.read('torn')).rejects.toMatchObject({ code: 'internal_error' })
  })

  it('a write that fails halfway changes nothing', async () => {
    await server.blobs.write('kept', Buffer.from('before'))
    await own.query(`alter table yumagate.blob_chunk add constraint no_third check (number < 2) not valid`)
    await expect(server.blobs.write('kept', randomBytes(3 * CHUNK_BYTES))).rejects.toMatchObject({
      code: 'internal_error',
    })
    expect(Buffer.from(await server.blobs.read('kept')).toString()).toBe('before')
    await own.query('alter table yumagate.blob_chunk drop constraint no_third')
  })
})
