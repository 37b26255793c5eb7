import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { listSettings, readConfig } from '../../src/config.ts'

it('needs no setting at all', () => {
  const config = readConfig({})
  expect(config).toMatchObject({ port: 8787, host: '127.0.0.1', profile: 'devnet', jsonBytesMax: 33_554_432 })
  expect(config.dataDirectory).toMatch(/\/data$/)
})

it('names every wrong setting and no value', () => {
  const read = () => readConfig({ PORT: 'eighty', YUMAGATE_DEMO_KEY: 'sk-short', LOG_LEVEL: 'loud' })
  expect(read).toThrow(/PORT: .*; YUMAGATE_DEMO_KEY: .*; LOG_LEVEL: /)
  expect(read).not.toThrow(/sk-short/)
})

it('refuses a setting it does not know, so that a misspelt one is noticed', () => {
  expect(() => readConfig({ YUMAGATE_PROFIL: 'devnet' })).toThrow('YUMAGATE_PROFIL: no such setting')
})

it('tells readyz of the end two seconds ahead on servers, not at all without, and as long as it is told to', () => {
  expect(readConfig({}).drainNoticeMs).toBe(0)
  expect(readConfig({ DATABASE_URL: 'postgres://u@h/d' }).drainNoticeMs).toBe(2_000)
  expect(readConfig({ DATABASE_URL: 'postgres://u@h/d', YUMAGATE_DRAIN_NOTICE_S: '0' }).drainNoticeMs).toBe(0)
  expect(readConfig({ YUMAGATE_DRAIN_NOTICE_S: '7' }).drainNoticeMs).toBe(7_000)
})

it('takes a public URL without the slash at its end', () => {
  expect(readConfig({}).publicUrl).toBeNull()
  expect(readConfig({ YUMAGATE_PUBLIC_URL: 'https://gate.example/' }).publicUrl).toBe('https://gate.example')
})

it('refuses what is not a WebSocket URL as a chain endpoint', () => {
  expect(() => readConfig({ YUMAGATE_CHAIN_ENDPOINTS: 'https://node' })).toThrow('YUMAGATE_CHAIN_ENDPOINTS')
  expect(readConfig({ YUMAGATE_CHAIN_ENDPOINTS: 'ws://a, wss://b' }).chainEndpoints).toEqual([
    'ws://a',
    'wss://b',
  ])
})

it('shows no secret in the table', () => {
  const row = listSettings({ YUMAGATE_DEMO_KEY: 'sk-yuma-secret-secret' }).find(
    ({ name }) => name === 'YUMAGATE_DEMO_KEY',
  )
  expect(row?.value).toBe('(set)')
})

const folder = mkdtempSync(join(tmpdir(), 'yumagate-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fileOf = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

describe('servers', () => {
  it('without settings there are none', () => {
    expect(readConfig({})).toMatchObject({ database: null, redis: null, blobDirectory: null })
  })

  it('a Postgres is read with what its URL says', () => {
    const url = 'postgres://gate%40way:p%2Fss@db.example:6432/yuma?sslmode=verify-full'
    expect(readConfig({ DATABASE_URL: url, YUMAGATE_DATABASE_POOL: '4' }).database).toEqual({
      host: 'db.example',
      port: 6432,
      user: 'gate@way',
      password: 'p/ss',
      database: 'yuma',
      tls: { ca: null },
      poolMax: 4,
      isPooled: false,
    })
    expect(readConfig({ DATABASE_URL: 'postgresql://u@[::1]/d' }).database).toMatchObject({
      host: '::1',
      port: 5432,
      password: null,
      tls: null,
      poolMax: 10,
    })
  })

  it('a folder of sockets may stand for the host', () => {
    const url = 'postgres://u@localhost/d?host=/var/run/postgresql'
    expect(readConfig({ DATABASE_URL: url }).database?.host).toBe('/var/run/postgresql')
    expect(readConfig({ DATABASE_URL: 'postgres://u@%2Fvar%2Frun/d' }).database?.host).toBe('/var/run')
  })

  it('every sslmode but disable verifies, and what verifies nothing is refused', () => {
    const read = (mode: string) =>
      readConfig({ DATABASE_URL: `postgres://u@h/d?sslmode=${mode}` }).database?.tls
    expect(read('disable')).toBeNull()
    expect(read('require')).toEqual({ ca: null })
    for (const mode of ['prefer', 'allow', 'no-verify']) expect(() => read(mode)).toThrow('verify-full')
  })

  it('the authority is read from its file and turns TLS on', () => {
    const ca = fileOf('ca.pem', '-----BEGIN CERTIFICATE-----\n')
    const config = readConfig({ DATABASE_URL: 'postgres://u@h/d', YUMAGATE_DATABASE_CA: ca })
    expect(config.database?.tls).toEqual({ ca: '-----BEGIN CERTIFICATE-----\n' })
    expect(readConfig({ REDIS_URL: 'rediss://h', YUMAGATE_REDIS_CA: ca }).redis?.tls?.ca).toMatch(/BEGIN/)
    expect(() => readConfig({ DATABASE_URL: 'postgres://u@h/d', YUMAGATE_DATABASE_CA: '/none' })).toThrow(
      'YUMAGATE_DATABASE_CA: the file cannot be read (ENOENT)',
    )
  })

  it('Redis is one server, a master set of Sentinels, or a Cluster', () => {
    expect(readConfig({ REDIS_URL: 'redis://me:p%40ss@r.example:7000/3' }).redis).toEqual({
      kind: 'single',
      nodes: [{ host: 'r.example', port: 7000 }],
      masterName: null,
      username: 'me',
      password: 'p@ss',
      sentinelPassword: null,
      database: 3,
      tls: null,
    })
    expect(
      readConfig({
        REDIS_URL: 'rediss://:p@my_Master/2',
        YUMAGATE_REDIS_SENTINELS: 'a:26379, [::1]:26380',
        YUMAGATE_REDIS_SENTINEL_PASSWORD: 's',
      }).redis,
    ).toMatchObject({
      kind: 'sentinel',
      nodes: [
        { host: 'a', port: 26379 },
        { host: '::1', port: 26380 },
      ],
      masterName: 'my_Master',
      sentinelPassword: 's',
      database: 2,
      tls: { ca: null },
    })
    expect(readConfig({ REDIS_URL: 'redis://a', YUMAGATE_REDIS_CLUSTER: 'b:7001' }).redis).toMatchObject({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 6379 },
        { host: 'b', port: 7001 },
      ],
    })
  })

  it.each([
    [{ YUMAGATE_DATABASE_POOL: '5' }, 'YUMAGATE_DATABASE_POOL: needs DATABASE_URL'],
    [{ YUMAGATE_DATABASE_POOLER: 'transaction' }, 'YUMAGATE_DATABASE_POOLER: needs DATABASE_URL'],
    [
      { DATABASE_URL: 'postgres://u@h/d', YUMAGATE_DATABASE_POOLER: 'transaction' },
      'YUMAGATE_DATABASE_POOLER: transaction needs REDIS_URL',
    ],
    [{ YUMAGATE_DATABASE_CA: '/dev/null' }, 'YUMAGATE_DATABASE_CA: needs DATABASE_URL'],
    [
      { DATABASE_URL: 'postgres://u@h/d?sslmode=disable', YUMAGATE_DATABASE_CA: '/dev/null' },
      'YUMAGATE_DATABASE_CA: contradicts sslmode=disable in DATABASE_URL',
    ],
    [{ YUMAGATE_REDIS_CA: '/dev/null' }, 'YUMAGATE_REDIS_CA: needs REDIS_URL'],
    [
      { REDIS_URL: 'redis://h', YUMAGATE_REDIS_CA: '/dev/null' },
      'YUMAGATE_REDIS_CA: wants rediss:// in REDIS_URL',
    ],
    [{ YUMAGATE_REDIS_SENTINELS: 'a:1' }, 'YUMAGATE_REDIS_SENTINELS: needs REDIS_URL'],
    [{ YUMAGATE_REDIS_CLUSTER: 'a:1' }, 'YUMAGATE_REDIS_CLUSTER: needs REDIS_URL'],
    [
      { REDIS_URL: 'redis://h', YUMAGATE_REDIS_SENTINEL_PASSWORD: 'secret' },
      'YUMAGATE_REDIS_SENTINEL_PASSWORD: needs YUMAGATE_REDIS_SENTINELS',
    ],
    [
      { REDIS_URL: 'redis://h', YUMAGATE_REDIS_SENTINELS: 'a:1', YUMAGATE_REDIS_CLUSTER: 'a:1' },
      'YUMAGATE_REDIS_SENTINELS and YUMAGATE_REDIS_CLUSTER: only one of them',
    ],
    [
      { REDIS_URL: 'redis://h:6379', YUMAGATE_REDIS_SENTINELS: 'a:1' },
      'REDIS_URL: with YUMAGATE_REDIS_SENTINELS it names the master set, without a port',
    ],
    [
      { REDIS_URL: 'redis://h/1', YUMAGATE_REDIS_CLUSTER: 'a:1' },
      'REDIS_URL: a Cluster has database 0 alone',
    ],
  ])('%j is refused', (environment, line) => {
    expect(() => readConfig(environment)).toThrow(`Bad settings: ${line}`)
  })

  it.each([
    'http://u:hunter2@h/d',
    'postgres://u:hunter2#@h/d',
    'postgres://u:hunter2@h:99999/d',
    'postgres://:hunter2@h/d',
    'postgres://u:hunter2@h/',
    'postgres://u:hunter2@/d',
    'postgres://u:hunter2%zz@h/d',
    'postgres://u@h/d?password=hunter2',
    'postgres://u:hunter2@h/d?options=-csearch_path=x',
    'hunter2',
  ])('%s is no address of a Postgres, and is not repeated', (url) => {
    const read = () => readConfig({ DATABASE_URL: url })
    expect(read).toThrow(/^Bad settings: DATABASE_URL: /)
    expect(read).not.toThrow(/hunter2/)
  })

  it.each(['redis:hunter2', 'http://:hunter2@h', 'redis://:hunter2@h/x', 'redis://h?password=hunter2'])(
    '%s is no address of a Redis, and is not repeated',
    (url) => {
      const read = () => readConfig({ REDIS_URL: url })
      expect(read).toThrow(/^Bad settings: REDIS_URL: /)
      expect(read).not.toThrow(/hunter2/)
    },
  )

  it.each(['a', 'a:0', 'a:70000', 'a:1,', 'a b:1'])('%s are no nodes', (text) => {
    expect(() => readConfig({ REDIS_URL: 'redis://h', YUMAGATE_REDIS_CLUSTER: text })).toThrow('host:port')
  })

  it('a URL is shown without its password', () => {
    const text = JSON.stringify(
      listSettings({
        DATABASE_URL: 'postgres://u:hunter2@h/d?sslmode=disable&password=hunter3',
        REDIS_URL: 'redis://hunter4:hunter5@h/0',
        YUMAGATE_REDIS_SENTINEL_PASSWORD: 'hunter6',
      }),
    )
    expect(text).not.toMatch(/hunter/)
    expect(text).toContain('postgres://u@h/d?sslmode=disable')
    expect(text).toContain('redis://h/0')
    expect(JSON.stringify(listSettings({ DATABASE_URL: 'hunter7' }))).not.toMatch(/hunter/)
  })
})

describe('secrets from files', () => {
  it('every secret may come from a file, the end of its last line left out', () => {
    expect(readConfig({ YUMAGATE_DEMO_KEY_FILE: fileOf('key', 'sk-yuma-from-a-file\n') }).demoKey).toBe(
      'sk-yuma-from-a-file',
    )
    const url = fileOf('url', 'postgres://u:p@h/d\r\n')
    expect(readConfig({ DATABASE_URL_FILE: url, YUMAGATE_DATABASE_POOL: '3' }).database).toMatchObject({
      password: 'p',
      poolMax: 3,
    })
  })

  it('both the value and the file, an empty and a missing file are refused', () => {
    const file = fileOf('both', 'redis://h')
    expect(() => readConfig({ REDIS_URL: 'redis://h', REDIS_URL_FILE: file })).toThrow(
      'REDIS_URL, REDIS_URL_FILE: only one of them',
    )
    expect(() => readConfig({ REDIS_URL_FILE: fileOf('empty', '\n') })).toThrow(
      'REDIS_URL_FILE: the file is empty',
    )
    expect(() => readConfig({ REDIS_URL_FILE: join(folder, 'none') })).toThrow(
      'REDIS_URL_FILE: the file cannot be read (ENOENT)',
    )
  })

  it('a setting that is no secret has no file', () => {
    expect(() => readConfig({ YUMAGATE_PROFILE_FILE: fileOf('x', 'devnet') })).toThrow(
      'YUMAGATE_PROFILE_FILE: no such setting',
    )
  })

  it('the table does not show what a file holds', () => {
    const [row] = listSettings({ DATABASE_URL_FILE: '/run/secrets/url' }).filter(
      ({ name }) => name === 'DATABASE_URL',
    )
    expect(row?.value).toBe('(in a file)')
  })
})
