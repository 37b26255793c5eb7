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
    redis = await startRedis(speakTls(port))
  })
  const speakTls = (tlsPort: number): readonly string[] => {
    const { files } = certificates
    return [
      ...['--tls-port', String(tlsPort), '--tls-auth-clients', 'no', '--tls-ca-cert-file', files.ca],
      ...['--tls-cert-file', files.certificate, '--tls-key-file', files.key],
    ]
  }
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

  it('goes for the nodes of a Cluster', async () => {
    const nodePort = await freePort()
    const node = await startRedis([
      ...speakTls(nodePort),
      ...['--cluster-enabled', 'yes', '--tls-cluster', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    ])
    node.command('cluster', 'addslotsrange', '0', '16383')
    while (!node.command('cluster', 'info').includes('cluster_state:ok'))
      await new Promise((resolve) => setTimeout(resolve, 20))
    const tls = { ca: certificates.ca }
    const backend = await redisBackend(serversAt(nodePort, { kind: 'cluster', tls }))
    await backend.ping()
    await backend.close()
    await node.stop()
  }, 20_000)

  it('goes for Sentinels and for the server that they name', async () => {
    const sentinelPort = await freePort()
    const sentinel = await startRedis([...speakTls(sentinelPort), '--tls-replication', 'yes', '--sentinel'])
    sentinel.command('sentinel', 'monitor', 'mymaster', '127.0.0.1', String(port), '1')
    const tls = { ca: certificates.ca }
    const more = { kind: 'sentinel', masterName: 'mymaster', tls } as const
    const backend = await redisBackend(serversAt(sentinelPort, more)).finally(() => sentinel.stop())
    await backend.ping()
    await backend.close()
    await sentinel.stop()
  }, 20_000)
})
