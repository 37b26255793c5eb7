/** Redis servers for tests: the one of TEST_REDIS_URL, and those that a test starts for itself. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RedisServers } from '../../../adapters/queue/redis-clients.ts'

/** Null when there is no server to test on. */
export const REDIS_URL = process.env.TEST_REDIS_URL ?? null

/** Why a test cannot start a server of its own; null when it can. Where everything is checked it must be able to. */
export const NO_REDIS_PROGRAM =
  spawnSync('redis-server', ['--version']).status === 0 || process.env.CI
    ? null
    : 'redis-server is not installed'

const PLAIN: RedisServers = {
  ...{ kind: 'single', nodes: [], masterName: null, username: null, password: null },
  ...{ sentinelPassword: null, database: 0, tls: null },
}

export function serversAt(port: number, more: Partial<RedisServers> = {}): RedisServers {
  return { ...PLAIN, nodes: [{ host: '127.0.0.1', port }], ...more }
}

export function serversOf(text: string, more: Partial<RedisServers> = {}): RedisServers {
  const url = new URL(text)
  return {
    ...PLAIN,
    nodes: [{ host: url.hostname, port: Number(url.port || 6379) }],
    username: url.username || null,
    password: url.password || null,
    database: Number(url.pathname.slice(1)),
    ...more,
  }
}

export type OwnRedis = {
  readonly port: number
  /** Sends one command line and gives what redis-cli prints. */
  command(...words: readonly string[]): string
  /** Ends the program and starts it again, empty. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Starts `redis-server` on a free port of loopback, without a file. */
export async function startRedis(options: readonly string[] = []): Promise<OwnRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'yumagate-redis-'))
  const port = await freePort()
  let child = await run(folder, port, options)
  const command = (...words: readonly string[]): string =>
    spawnSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8' }).stdout.trim()
  const end = async (): Promise<void> => {
    if (child.exitCode !== null) return
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await ended
  }
  return {
    port,
    command,
    async restart() {
      await end()
      child = await run(folder, port, options)
    },
    async stop() {
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function run(folder: string, port: number, options: readonly string[]): Promise<ChildProcess> {
  const address = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const file = join(folder, 'redis.conf')
  // A Sentinel wants a file to write into, and keeps nothing else.
  if (options.includes('--sentinel')) writeFileSync(file, '')
  const words = options.includes('--sentinel') ? [file, ...address] : [...address, '--save', '']
  const child = spawn('redis-server', [...words, ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<never>((_, fail) => {
    child.once('error', fail)
    child.once('exit', (code) => fail(new Error(`redis-server ended with ${code}`)))
  })
  // Once it serves, its end is the test's own doing.
  ended.catch(() => {})
  await Promise.race([ended, untilOpen(port)])
  return child
}

async function untilOpen(port: number): Promise<void> {
  for (;;) {
    const isOpen = await new Promise<boolean>((done) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('connect', () => done(true)).once('error', () => done(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  return typeof address === 'object' && address !== null ? address.port : 0
}
