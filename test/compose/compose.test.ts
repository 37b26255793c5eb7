/** compose.yaml and the Dockerfile say the same as each other, as the settings, and as the specification of compose files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import {
  compose,
  composeText,
  image,
  mountsOf,
  ours,
  ROOT,
  rawComposition,
  readStages,
} from './read-compose.ts'

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const services = Object.entries(compose.services)
const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1])

const scratch = mkdtempSync(join(tmpdir(), 'compose-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** The settings as a service finds them, its secrets in files of this test. */
function configOf(environment: Readonly<Record<string, string>>) {
  writeFileSync(join(scratch, 'database-url'), 'postgres://yumagate:secret@postgres:5432/yumagate\n')
  const moved = Object.entries(environment).map(([name, value]) => [
    name,
    value.replace('/run/secrets', scratch),
  ])
  return readConfig({ ...image.environment, ...Object.fromEntries(moved) })
}

describe('compose.yaml', () => {
  it('is what the specification allows', () => {
    const { $schema: _, ...schema } = JSON.parse(read('test/fixtures/compose/compose-spec.json'))
    const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema)
    expect(validate(rawComposition) ? [] : validate.errors).toEqual([])
  })

  it.each(services)('pins the image of %s to one version', (_name, { image: name, build }) => {
    expect(name).toMatch(/:\d+\.\d+(\.\d+)?(-[a-z]+)?$/)
    if (build) expect(name).toBe(`yumagate:${JSON.parse(read('package.json')).version}`)
  })

  it.each(ours)(
    'gives %s settings that there are, and that do not contradict each other',
    (name, { environment }) => {
      const config = configOf(environment)
      expect(config.dataDirectory).toBe(image.volume)
      expect(config.host).toBe('0.0.0.0')
      expect(config.database?.host ?? null).toBe(name === 'embedded' ? null : 'postgres')
      expect(config.redis?.nodes ?? null).toEqual(
        name === 'embedded' ? null : [{ host: 'redis', port: 6379 }],
      )
    },
  )

  it.each(ours)('publishes nothing of %s but the port of the API, on loopback', (name, { ports }) => {
    expect(ports).toEqual(name === 'worker' ? [] : [`127.0.0.1:8787:${image.port}`])
  })

  it.each(['postgres', 'redis'])('publishes nothing of %s, and gives it no way out', (name) => {
    const { ports, networks = [] } = compose.services[name]!
    expect(ports).toEqual([])
    expect(networks.map((network) => compose.networks[network]?.internal)).toEqual([true])
  })

  it.each(ours)(
    'keeps the data of %s in a volume of its own, and lets it write nowhere else',
    (name, service) => {
      const written = mountsOf(service).filter(({ mode }) => mode === 'rw')
      expect(written).toEqual([{ source: `${name}-data`, target: image.volume, mode: 'rw' }])
      expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'] })
    },
  )

  it('declares every volume, network and secret that is used, and uses every one', () => {
    const used = {
      volumes: services.flatMap(([, service]) => mountsOf(service).map(({ source }) => source)),
      networks: services.flatMap(([, { networks = [] }]) => networks).filter((name) => name !== 'default'),
      secrets: services.flatMap(([, { secrets }]) => secrets),
    }
    for (const kind of ['volumes', 'networks', 'secrets'] as const)
      expect([...new Set(used[kind])].sort(), kind).toEqual(Object.keys(compose[kind]).sort())
  })

  it('hands secrets over in files that the service is given', () => {
    for (const [name, { environment, secrets }] of services) {
      expect(
        Object.keys(environment).filter((key) => /PASSWORD$|KEY$|TOKEN$|^DATABASE_URL$/.test(key)),
        name,
      ).toEqual([])
      const files = Object.values(environment).filter((value) => value.startsWith('/run/secrets/'))
      expect(files.map((file) => file.slice('/run/secrets/'.length)).sort(), name).toEqual(
        [...secrets].sort(),
      )
    }
    expect(composeText).not.toMatch(/:\/\/[^\s/]*:(?!PASSWORD)[^\s/]*@/)
  })

  it.each(services)(
    'lets %s wait only for services of its profile that have a health check',
    (_name, service) => {
      for (const needed of Object.keys(service.depends_on)) {
        const other = compose.services[needed]
        expect(other?.profiles).toEqual(service.profiles)
        expect(other?.healthcheck ?? (other?.build && image.healthCheck), needed).toBeTruthy()
      }
    },
  )

  it.each(ours)(
    'gives %s the time that it takes to drain',
    (_name, { stop_grace_period: grace = '10s', environment }) => {
      const { drainMs, drainNoticeMs } = configOf(environment)
      expect(seconds(grace) * 1000).toBeGreaterThan(drainMs + drainNoticeMs + 5000)
    },
  )

  it('asks the worker for its health where it listens', () => {
    const { environment, healthcheck } = compose.services.worker!
    expect(healthcheck?.test.at(-1)).toContain(`http://127.0.0.1:${configOf(environment).workerPort}/healthz`)
  })

  it('names in links to files the address that the API is published at', () => {
    for (const name of ['gateway', 'worker'])
      expect(configOf(compose.services[name]!.environment).publicUrl).toBe(`http://127.0.0.1:${image.port}`)
  })

  it('tells the worker the chain of the gateway in whose network it stands', () => {
    const { gateway, worker } = compose.services
    const port = configOf(gateway!.environment).devnet.chainPort
    expect(port).toBeGreaterThan(1023)
    expect(configOf(worker!.environment).chainEndpoints).toEqual([`ws://127.0.0.1:${port}`])
    expect(worker?.network_mode).toBe('service:gateway')
  })

  it('keeps the queue on disk, and never lets Redis drop a part of it', () => {
    expect(compose.services.redis?.command?.join(' ')).toBe(
      'redis-server --appendonly yes --maxmemory-policy noeviction',
    )
  })
})

describe('the Dockerfile', () => {
  it('builds and runs on the same Node 24', () => {
    const bases = readStages().map(([from]) => from?.rest.split(' ')[0])
    expect(bases).toEqual(['node:24-bookworm-slim', 'node:24-bookworm-slim'])
  })

  it('runs the program itself, as a user without rights, on the port and volume that its settings name', () => {
    expect(image.user).toBe('node')
    expect(image.entrypoint[0]).toBe('node')
    expect(image.command).toEqual(['start'])
    expect(image.environment).toEqual({
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: String(image.port),
      YUMAGATE_DATA_DIR: image.volume,
    })
  })

  it('starts it as npm start does', () => {
    const start: string = JSON.parse(read('package.json')).scripts.start
    expect(start).toContain([...image.entrypoint, ...image.command].join(' ').replace('/app/', ''))
  })

  it('asks for its health by Node, which is there, on the port in force', () => {
    expect(image.healthCheck.slice(0, 2)).toEqual(['node', '-e'])
    expect(image.healthCheck[2]).toMatch(/process\.env\.PORT\}\/healthz/)
  })

  it('sees nothing of the folder but what .dockerignore names', () => {
    const lines = read('.dockerignore')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'))
    expect(lines[0]).toBe('**')
    for (const name of ['data', 'secrets', 'test', 'docs', 'bench', 'node_modules', '.git', 'dist'])
      expect(lines).not.toContain(`!${name}`)
  })
})
