import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redisBackend } from '../../../adapters/queue/redis-backend.ts'
import { type Certificates, makeCertificates, NO_OPENSSL } from '../certificates.ts'
import { freePort, NO_REDIS_PROGRAM, type OwnRedis, serversAt, startRedis } from './redis-server.ts'

const missing = NO_REDIS_PROGRAM ?? NO_OPENSSL

describe.skipIf(missing !== null)(`Redis over TLS${missing === null ? '' : ` (${missing})`}`, () => {
  let certificates: Certificates
  let other: Certificates
  let redis: OwnRedis
  let port: number
  beforeAll(async () => {
    certificates = makeCertificates()
    other = makeCertificates()
    port = await freePort()
    const { files } = certificates
    redis = await startRedis([
      ...['--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', files.ca],
      ...['--tls-cert-file', files.certificate, '--tls-key-file', files.key],
    ])
  })
  afterAll(async () => {
    await redis.stop()
    certificates.remove()
    other.remove()
  })

  it('is verified by the authority that was given', async () => {
    const backend = await redisBackend(serversAt(port, { tls: { ca: certificates.ca } }))
    await backend.ping()
    await backend.close()
  })

  it('is refused when another authority, or none that is known, has signed', async () => {
    for (const ca of [other.ca, null])
      await expect(redisBackend(serversAt(port, { tls: { ca } }))).rejects.toThrow(
        /^Redis does not serve: .*certificate/,
      )
  })
})
