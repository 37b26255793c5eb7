import { connect, createServer, type Server } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServerStore } from '../../../../adapters/store/server/open-server-store.ts'
import type { ServerAddress } from '../../../../adapters/store/server/server-pool.ts'
import { type Certificates, makeCertificates, NO_OPENSSL } from '../../certificates.ts'
import { makeDatabase, type OwnDatabase, SERVER_URL } from '../own-database.ts'

/** Speaks TLS to whoever connects, as a PostgreSQL server with it does, and plainly to the one behind. */
async function startTlsDoor(behind: ServerAddress, { certificate, key }: Certificates): Promise<Server> {
  const server = createServer((raw) => {
    raw.on('error', () => raw.destroy())
    // The request for TLS is eight bytes; the answer is one letter.
    raw.once('data', () => {
      raw.pause()
      raw.write('S')
      const secure = new TLSSocket(raw, { isServer: true, cert: certificate, key })
      const upstream = connect(behind.port, behind.host)
      secure.pipe(upstream).pipe(secure)
      for (const socket of [secure, upstream]) {
        socket.on('error', () => {
          secure.destroy()
          upstream.destroy()
        })
      }
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return server
}

const missing = SERVER_URL === null ? 'TEST_DATABASE_URL is not set' : NO_OPENSSL

describe.skipIf(missing !== null)(`Postgres over TLS${missing === null ? '' : ` (${missing})`}`, () => {
  let own: OwnDatabase
  let certificates: Certificates
  let other: Certificates
  let door: Server
  beforeAll(async () => {
    own = await makeDatabase()
    certificates = makeCertificates()
    other = makeCertificates()
    door = await startTlsDoor(own.server, certificates)
  })
  afterAll(async () => {
    door.close()
    certificates.remove()
    other.remove()
    await own.drop()
  })

  const open = (ca: string | null, more: Partial<ServerAddress> = {}) => {
    const address = door.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return openServerStore({
      ...{ poolMax: 2, hasQueue: false, processId: 'process-1' },
      server: { ...own.server, host: '127.0.0.1', port, tls: { ca }, ...more },
    })
  }

  it('is verified by the authority that was given', async () => {
    const { store } = await open(certificates.ca)
    await store.lifecycle.ping()
    await store.lifecycle.close()
  })

  it('is refused when another authority, or none that is known, has signed', async () => {
    for (const ca of [other.ca, null])
      await expect(open(ca)).rejects.toThrow(/^Postgres does not serve: .*certificate/)
  })

  it('is refused when the name is another than the certificate says', async () => {
    const refused = open(certificates.ca, { host: 'localhost' })
    await expect(refused).rejects.toThrow(/^Postgres does not serve: ERR_TLS_CERT_ALTNAME_INVALID$/)
  })

  it('is refused by a server without it, rather than spoken to plainly', async () => {
    await expect(open(certificates.ca, { port: own.server.port })).rejects.toThrow(
      'Postgres does not serve: The server does not support SSL connections',
    )
  })
})
