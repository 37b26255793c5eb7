/**
 * Runs the services of compose.yaml as plain processes: each by its own command, environment and health check, with addresses and paths
 * of containers turned into those of this machine.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { image, mountsOf, ours, ROOT, type Service } from './read-compose.ts'

const HEALTHY_MS_MAX = 120_000
const POLL_MS = 100
const SERVER_PASSWORD = 'a-password-of-this-test'

/** Where the newest PostgreSQL of Debian has its programs; null without one. */
export const postgresPrograms = (): string | null => {
  try {
    const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
    return versions[0] === undefined ? null : `/usr/lib/postgresql/${versions[0]}/bin`
  } catch {
    return null
  }
}

export const hasRedis = (): boolean => spawnSync('redis-server', ['--version']).status === 0

export type RunningService = {
  readonly name: string
  /** What it wrote. */
  readonly output: () => string
  /** SIGTERM, then waits. @returns exit code */
  stop(): Promise<number | null>
}

/** A machine of its own: folders for volumes and secrets, ports. Kept from one start of the services to the next. */
export class NativeHost {
  readonly scratch = mkdtempSync(join(tmpdir(), 'compose-native-'))
  /** What the secret `database-url` says; a test makes it a wrong one. */
  clientPassword = SERVER_PASSWORD
  readonly #ports = new Map<string, number>()

  /** The port of this machine that stands for one of a service. */
  async port(name: 'api' | 'worker' | 'chain' | 'postgres' | 'redis'): Promise<number> {
    const port = this.#ports.get(name) ?? (await freePort())
    this.#ports.set(name, port)
    return port
  }

  volume(source: string): string {
    const directory = join(this.scratch, source)
    mkdirSync(directory, { recursive: true })
    return directory
  }

  /** Starts it and waits until its health check passes. @throws Error what it wrote, when it ends or stays unwell */
  async start(name: string, service: Service): Promise<RunningService> {
    // The server of a database refuses to run as root, and its user has to reach its folder.
    chmodSync(this.scratch, 0o755)
    const translate = await this.#translator(service)
    const prepared = await this.#prepare(name, { service, translate })
    const [program = '', ...words] = prepared.words
    const environment = { ...cleanEnvironment(), ...prepared.environment }
    const child = spawn(program, words, { cwd: ROOT, env: environment, ...prepared.as })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part: Buffer) => {
        output = (output + part.toString()).slice(-20_000)
      })
    const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
    const check = checkOf(service).map(translate)
    await healthy(child, { check, environment, describe: () => `${name}: ${output}` })
    return {
      name,
      output: () => output,
      async stop() {
        if (child.exitCode === null) child.kill('SIGTERM')
        return await ended
      },
    }
  }

  async #translator(service: Service): Promise<(text: string) => string> {
    const [api, worker, chain, postgres, redis] = await Promise.all(
      (['api', 'worker', 'chain', 'postgres', 'redis'] as const).map((name) => this.port(name)),
    )
    const places: readonly (readonly [string | RegExp, string])[] = [
      ['/run/secrets/', `${this.#secrets(postgres)}/`],
      ...mountsOf(service).map(
        ({ source, target }) => [new RegExp(`${target}(?=[/"']|$)`, 'g'), this.volume(source)] as const,
      ),
      [/\/app(?=\/)/g, ROOT],
      ['//redis:6379', `//127.0.0.1:${redis}`],
      ['127.0.0.1:8787', `127.0.0.1:${api}`],
      ['127.0.0.1:8789', `127.0.0.1:${worker}`],
      ['127.0.0.1:9944', `127.0.0.1:${chain}`],
      [/^9944$/, String(chain)],
      ['-p 6379', `-p ${redis}`],
      ['--port=5432', `--port=${postgres}`],
      [new RegExp(`^${image.port}$`), String(api)],
      ['0.0.0.0', '127.0.0.1'],
    ]
    return (text) => places.reduce((now, [from, to]) => now.replaceAll(globalOf(from), () => to), text)
  }

  #secrets(postgresPort: number | undefined): string {
    const directory = this.volume('secrets')
    writeFileSync(join(directory, 'postgres-password'), `${SERVER_PASSWORD}\n`)
    const url = `postgres://yumagate:${this.clientPassword}@127.0.0.1:${postgresPort}/yumagate\n`
    writeFileSync(join(directory, 'database-url'), url)
    return directory
  }

  async #prepare(
    name: string,
    { service, translate }: { service: Service; translate: (text: string) => string },
  ) {
    const translated = (environment: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, translate(value)]))
    const words = [...(service.entrypoint ?? []), ...(service.command ?? [])].map(translate)
    if (name === 'redis') {
      const own = [
        '--bind',
        '127.0.0.1',
        '--port',
        String(await this.port('redis')),
        '--dir',
        this.volume('redis-data'),
      ]
      return { words: [...words, ...own], environment: {}, as: {} }
    }
    if (name === 'postgres')
      return this.#preparePostgres(translated(service.environment), await this.port('postgres'))
    if (!ours.some(([own]) => own === name)) throw new Error(`It is not known how ${name} is run.`)
    const started = service.entrypoint ? words : [...image.entrypoint.map(translate), ...words]
    const environment = {
      ...translated({ ...image.environment, ...service.environment }),
      YUMAGATE_WORKER_PORT: String(await this.port('worker')),
    }
    return { words: started, environment, as: {} }
  }

  /** What the entry point of the published image does: a cluster and a database of the environment's names, once. */
  #preparePostgres(environment: Readonly<Record<string, string>>, port: number) {
    const bin = postgresPrograms() ?? ''
    const volume = this.volume('postgres-data')
    const directory = join(volume, 'cluster')
    const as = userOfServer()
    if (as.uid !== undefined && as.gid !== undefined) chownSync(volume, as.uid, as.gid)
    if (!readdirSync(volume).includes('cluster')) {
      const { POSTGRES_USER = '', POSTGRES_DB = '', POSTGRES_PASSWORD_FILE = '' } = environment
      const password = ['-A', 'scram-sha-256', `--pwfile=${POSTGRES_PASSWORD_FILE}`]
      const quiet = { ...as, stdio: ['pipe', 'ignore', 'pipe'] as ['pipe', 'ignore', 'pipe'] }
      execFileSync(`${bin}/initdb`, ['-D', directory, '-U', POSTGRES_USER, '-E', 'UTF8', ...password], quiet)
      const single = ['--single', '-D', directory, 'template1']
      execFileSync(`${bin}/postgres`, single, { ...quiet, input: `CREATE DATABASE "${POSTGRES_DB}"\n` })
    }
    const options = [`listen_addresses=127.0.0.1`, `unix_socket_directories=${volume}`].flatMap((option) => [
      '-c',
      option,
    ])
    return {
      words: [`${bin}/postgres`, '-D', directory, '-p', String(port), ...options],
      environment: {},
      as,
    }
  }
}

const globalOf = (from: string | RegExp) =>
  typeof from === 'string' || from.global ? from : new RegExp(from.source, `${from.flags}g`)

const checkOf = (service: Service): readonly string[] => {
  if (!service.healthcheck) return image.healthCheck
  const [kind, ...words] = service.healthcheck.test
  return kind === 'CMD-SHELL' ? ['sh', '-c', ...words] : words
}

type Watched = {
  readonly check: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly describe: () => string
}

async function healthy(child: ChildProcess, { check, environment, describe }: Watched): Promise<void> {
  const deadlineMs = performance.now() + HEALTHY_MS_MAX
  const [program = '', ...words] = check
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${describe()}`)
    const probe = spawn(program, words, { env: environment, stdio: 'ignore' })
    const code = await new Promise((done) => probe.once('exit', done).once('error', done))
    if (code === 0) return
    if (performance.now() > deadlineMs) {
      child.kill('SIGKILL')
      throw new Error(`not healthy after ${HEALTHY_MS_MAX / 1000} s: ${describe()}`)
    }
    await new Promise((done) => setTimeout(done, POLL_MS))
  }
}

function userOfServer(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith('postgres:'))
  const [, , uid, gid] = row?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

/** The machine's own settings must not decide a test. */
function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(YUMAGATE_.*|PORT|HOST|DATABASE_URL.*|REDIS_URL.*|PG.*)$/.test(name),
    ),
  )
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
