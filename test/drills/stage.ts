/** Where a drill is played: one embedded gateway, or gateways and a worker on a Postgres and a Redis of the drill's own. */
import { join } from 'node:path'
import { openEmbeddedStore } from '../../adapters/store/embedded/open-embedded-store.ts'
import { openServerStore } from '../../adapters/store/server/open-server-store.ts'
import { createFaucet } from '../../devnet/chain/index.ts'
import type { Store } from '../../src/ports/store.ts'
import { type CutProxy, startCutProxy } from '../adapters/cut-proxy.ts'
import { type OwnRedis, startRedis } from '../adapters/queue/redis-server.ts'
import { command, freshDirectory, launch, ROOT, type RunningGateway, remove } from '../e2e/gateway.ts'
import { type OwnPostgres, startPostgres } from './postgres-server.ts'

export type Account = { readonly id: string; readonly key: string; readonly depositAddress: string }

export type Stage = {
  readonly name: string
  /** The load's account. */
  readonly account: Account
  /** Base URLs of the gateways that serve now. */
  urls(): readonly string[]
  /** A transfer on the development chain, final when it resolves. */
  pay(address: string, amountRao: bigint): Promise<void>
  /** What `kill` takes. */
  readonly victims: readonly string[]
  /** kill -9, and a new one in its place; resolves when that is ready. */
  kill(victim: string): Promise<void>
  /** The gateway's processes, for looking at their memory. */
  processes(): readonly RunningGateway[]
  readonly servers: Servers | null
  /** SIGTERM to everything that serves. @returns exit codes */
  stop(): Promise<readonly (number | null)[]>
  /** The store, while nobody serves from it. */
  openStore(): Promise<Store>
  /** Ends what is left and removes all folders. */
  remove(): Promise<void>
}

/** The servers of a stage, each behind a proxy that can be cut. */
export type Servers = {
  readonly postgres: OwnPostgres
  readonly redis: OwnRedis
  readonly toPostgres: CutProxy
  readonly toRedis: CutProxy
}

/** What the load's account begins with. */
export const FUNDS_RAO = 1_000_000_000_000n
/** Deposits are final within the time between two kills. */
const FAST_BLOCKS = { YUMAGATE_DEVNET_BLOCK_MS: '200' }

export type StageOptions = {
  readonly env?: Readonly<Record<string, string>>
  /** Base folder of the data directories; default: the system's. */
  readonly directory?: string
  readonly gateways?: number
}

export async function openEmbeddedStage({
  env = {},
  directory = freshDirectory(),
}: StageOptions = {}): Promise<Stage> {
  let gateway = await launch({ directory, env: { ...FAST_BLOCKS, ...env } })
  const pay = async (to: string, amountRao: bigint) => {
    await createFaucet({ endpoint: endpointOf(gateway) }).send({ to, amountRao })
  }
  const account = await createAccount('load', directory)
  await pay(account.depositAddress, FUNDS_RAO)
  await untilFunded(() => gateway.url, account)
  return {
    name: 'embedded',
    account,
    urls: () => [gateway.url],
    pay,
    victims: ['gateway'],
    async kill() {
      await gateway.kill()
      gateway = await launch({ directory, env: { ...FAST_BLOCKS, ...env } })
    },
    processes: () => [gateway],
    servers: null,
    stop: async () => [await gateway.stop()],
    openStore: () => openDirectory(directory),
    async remove() {
      await gateway.kill()
      remove(directory)
    },
  }
}

export async function openServersStage(options: StageOptions = {}): Promise<Stage> {
  /** What was opened so far, to be closed in the opposite order, also when opening fails half-way. */
  const opened: (() => Promise<unknown>)[] = []
  const removeAll = async () => {
    for (const close of opened.splice(0).reverse()) await close()
  }
  try {
    return await openServers(options, { opened, removeAll })
  } catch (error) {
    await removeAll()
    throw error
  }
}

type Opened = { readonly opened: (() => Promise<unknown>)[]; readonly removeAll: () => Promise<void> }

async function openServers(
  { env = {}, gateways = 2 }: StageOptions,
  { opened, removeAll }: Opened,
): Promise<Stage> {
  const postgres = await startPostgres()
  opened.push(() => postgres.stop())
  const redis = await startRedis()
  opened.push(() => redis.stop())
  const toPostgres = await startCutProxy({ host: '127.0.0.1', port: postgres.port })
  opened.push(() => toPostgres.close())
  const toRedis = await startCutProxy({ host: '127.0.0.1', port: redis.port })
  opened.push(() => toRedis.close())
  // It owns the development network, on a store of its own, and is never killed.
  const owner = await launch({ env: FAST_BLOCKS })
  opened.push(() => end(owner))
  const settings = {
    YUMAGATE_CHAIN_ENDPOINTS: endpointOf(owner),
    YUMAGATE_CHAIN_GENESIS: textAt(owner.ready.chain, 'genesis'),
    DATABASE_URL: `postgres://postgres@127.0.0.1:${toPostgres.port}/postgres`,
    REDIS_URL: `redis://127.0.0.1:${toRedis.port}/0`,
    YUMAGATE_WORKER_PORT: '0',
    ...env,
  }
  const serving = new Map<string, RunningGateway>()
  const start = async (name: string, directory?: string) => {
    const args = name === 'worker' ? ['worker'] : ['start', '--no-worker']
    serving.set(name, await launch({ args, env: settings, ...(directory !== undefined && { directory }) }))
  }
  opened.push(() => Promise.all([...serving.values()].map(end)))
  const names = Array.from({ length: gateways }, (_, index) => `gateway ${index + 1}`)
  for (const name of [...names, 'worker']) await start(name)
  const urls = () => names.flatMap((name) => serving.get(name)?.url ?? [])
  const account = await createAccount('load', serving.get(names[0] ?? '')?.directory ?? '')
  const faucet = createFaucet({ endpoint: endpointOf(owner) })
  const pay = async (to: string, amountRao: bigint) => void (await faucet.send({ to, amountRao }))
  await pay(account.depositAddress, FUNDS_RAO)
  await untilFunded(() => urls()[0] ?? '', account)
  return {
    name: 'Postgres + Redis',
    ...{ account, urls, pay },
    victims: [...names, 'worker', 'both'],
    async kill(victim) {
      const chosen = victim === 'both' ? [names[0] ?? '', 'worker'] : [victim]
      await Promise.all(
        chosen.map(async (name) => {
          const old = serving.get(name)
          await old?.kill()
          await start(name, old?.directory)
        }),
      )
    },
    processes: () => [...serving.values()],
    servers: { postgres, redis, toPostgres, toRedis },
    stop: () => Promise.all([...serving.values()].map((one) => one.stop())),
    openStore: () => openServer(postgres),
    remove: removeAll,
  }
}

async function end(gateway: RunningGateway): Promise<void> {
  await gateway.kill()
  remove(gateway.directory)
}

export async function createAccount(name: string, directory: string): Promise<Account> {
  const { code, stdout, stderr } = await command(['account', 'create', name, '--json'], {
    YUMAGATE_DATA_DIR: directory,
  })
  if (code !== 0) throw new Error(`account create: ${stderr}`)
  const made: unknown = JSON.parse(stdout)
  return {
    id: textAt(memberOf(made, 'account'), 'id'),
    key: textAt(made, 'key'),
    depositAddress: textAt(made, 'deposit_address'),
  }
}

export async function untilFunded(url: () => string, { key }: Account): Promise<void> {
  await until('the deposit is credited', async () => {
    const answer = await fetch(`${url()}/v1/account`, { headers: { authorization: `Bearer ${key}` } })
    return answer.ok && BigInt(textAt(await answer.json(), 'available_rao')) > 0n
  })
}

/** Asks ten times a second until it is so. @throws Error after `timeoutMs` */
export async function until(what: string, isSo: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    if (await isSo().catch(() => false)) return
    if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`)
    await new Promise((done) => setTimeout(done, 100))
  }
}

async function openDirectory(directory: string): Promise<Store> {
  const { store } = await openEmbeddedStore({
    directory,
    workerFile: join(ROOT, 'dist/store-thread.mjs'),
    templateDirectory: join(ROOT, 'dist/template'),
    processId: 'drill',
  })
  return store
}

async function openServer(postgres: OwnPostgres): Promise<Store> {
  const { store } = await openServerStore({
    server: {
      ...{ host: '127.0.0.1', port: postgres.port, user: 'postgres', password: null, database: 'postgres' },
      tls: null,
    },
    ...{ poolMax: 2, hasQueue: false, processId: 'drill' },
  })
  return store
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined

function textAt(value: unknown, name: string): string {
  const text = memberOf(value, name)
  if (typeof text === 'string') return text
  throw new Error(`no ${name} in ${JSON.stringify(value)}`)
}

function endpointOf(gateway: RunningGateway): string {
  const endpoints = memberOf(gateway.ready.chain, 'endpoints')
  if (Array.isArray(endpoints) && typeof endpoints[0] === 'string') return endpoints[0]
  throw new Error('the gateway names no chain')
}
