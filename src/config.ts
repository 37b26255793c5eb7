/**
 * Every setting of the gateway: one schema, parsed once, frozen. The only reader of the environment.
 * `yumagate config` prints the table; docs/settings.md repeats it and a test compares them.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type AdminSettings, findOpenDoor } from './config/admin.ts'
import { KEPT_FOR_EVER, keepMs } from './config/retention.ts'
import { hidePassword } from './config/server-urls.ts'
import {
  arrangeDatabase,
  arrangeRedis,
  type DatabaseSettings,
  findContradictions,
  type RedisSettings,
  type ServerValues,
} from './config/servers.ts'
import type { Setting } from './config/setting.ts'
import { SETTINGS } from './config/settings.ts'

// onnxruntime 1.30 reports to its maker, and keeps a database in the user's cache for it, unless this is set before it is loaded: here and
// in every child process.
process.env.ORT_DISABLE_TELEMETRY = '1'

/** Two looks of a balancer that asks every second. */
const DRAIN_NOTICE_S = 2

type Name = keyof typeof SETTINGS
type Environment = Readonly<Record<string, string | undefined>>

/** The settings in the shapes that the program uses. Paths are absolute. */
export type Config = Readonly<{
  port: number
  host: string
  admin: AdminSettings
  /** Null: the admin token alone opens `/metrics`. */
  metricsToken: string | null
  /** As CIDR. */
  trustedProxies: readonly string[]
  /** Without a slash at its end; null when callers reach us where we listen. */
  publicUrl: string | null
  workerPort: number
  dataDirectory: string
  /** Null for the embedded database. */
  database: DatabaseSettings | null
  /** Null for the queue in the database. */
  redis: RedisSettings | null
  /** Null for the place that goes with the database. */
  blobDirectory: string | null
  profile: 'devnet'
  subnetsFile: string | null
  chainEndpoints: readonly string[] | null
  chainGenesis: string | null
  demoKey: string | null
  jsonBytesMax: number
  uploadBytesMax: number
  /** Of all bodies together. */
  bodyBytesMax: number
  audioSecondsMax: number
  /** What an account gets for nothing. */
  goodwill: Readonly<{ interruptedTokensPerDay: number; abortsPerMinute: number }>
  /** Of all files that one account has uploaded or that its runs have made. */
  accountFileBytesMax: number
  /** For how long what is kept; null for ever. */
  keep: Readonly<{ runsMs: number | null; filesMs: number | null; uploadsMs: number | null }>
  drainMs: number
  /** How long `readyz` says no before the drain begins. */
  drainNoticeMs: number
  requestTimeoutMs: number
  snapshotAgeMsMax: number
  devnet: Readonly<{
    blockMs: number
    chainPort: number
    upstreams: Readonly<{
      text: string | null
      speech: string | null
      vision: string | null
      image: string | null
    }>
  }>
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  client: Readonly<{ url: string | null; apiKey: string | null }>
}>

/** Wrong settings: one line for each, naming the variable and never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads the settings. A secret may come from a file: `NAME_FILE` holds its path, and the line's end at the file's end is not part of it.
 *
 * @param environment - `process.env` by default; tests pass their own
 * @throws ConfigError naming every wrong setting
 */
export function readConfig(environment: Environment = process.env): Config {
  const problems: string[] = []
  const values = new Map<string, unknown>()
  const given = readGiven(environment, problems)
  for (const [name, setting] of rows()) {
    const text = given.get(name) ?? setting.default
    if (text === null) continue
    const parsed = setting.schema.safeParse(text)
    if (parsed.success) values.set(name, parsed.data)
    else problems.push(`${name}: ${parsed.error.issues[0]?.message ?? 'is not valid'}`)
  }
  const servers = serverValues(values, problems)
  if (problems.length === 0) problems.push(...findContradictions(servers, (name) => given.has(name)))
  if (problems.length === 0) problems.push(...findConflicts(arrange(values, servers)))
  if (problems.length > 0) throw new ConfigError(`Bad settings: ${problems.join('; ')}`)
  return Object.freeze(arrange(values, servers))
}

/** Settings that are right one by one and wrong together. */
function findConflicts({ admin, bodyBytesMax, jsonBytesMax, uploadBytesMax }: Config): string[] {
  const problems = findOpenDoor(admin)
  if (bodyBytesMax < Math.max(jsonBytesMax, uploadBytesMax)) {
    problems.push(
      'YUMAGATE_BODY_BYTES_IN_FLIGHT: must be at least YUMAGATE_MAX_JSON_BYTES and YUMAGATE_MAX_UPLOAD_BYTES',
    )
  }
  return problems
}

/** The rows of `yumagate config`, with the value in force (secrets are only said to be set). */
export function listSettings(environment: Environment = process.env) {
  return rows().map(([name, { default: byDefault, reason, secret }]) => ({
    name,
    default: byDefault,
    reason,
    value: show(environment, name, secret) ?? byDefault,
  }))
}

const rows = () => Object.entries(SETTINGS) as [Name, Setting][]

const fileSetting = (name: string): string => `${name}_FILE`

function show(environment: Environment, name: Name, secret: Setting['secret']): string | null {
  const text = environment[name]
  if (secret !== undefined && environment[fileSetting(name)]) return '(in a file)'
  if (text === undefined || text === '') return null
  if (secret === undefined) return text
  return secret === 'url' ? hidePassword(text) : '(set)'
}

/** What the environment says, an empty text counting as nothing; secrets also from their files. */
function readGiven(environment: Environment, problems: string[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  const known = new Set<string>()
  for (const [name, { secret }] of rows()) {
    known.add(name)
    const text = environment[name]
    if (text) given.set(name, text)
    if (secret === undefined) continue
    known.add(fileSetting(name))
    const file = environment[fileSetting(name)]
    if (!file) continue
    if (text) problems.push(`${name}, ${fileSetting(name)}: only one of them`)
    const content = readText(fileSetting(name), file, problems)?.replace(/\r?\n$/, '')
    if (content === '') problems.push(`${fileSetting(name)}: the file is empty`)
    else if (content !== undefined) given.set(name, content)
  }
  for (const name of Object.keys(environment)) {
    if (name.startsWith('YUMAGATE_') && !known.has(name))
      problems.push(`${name}: ${KEPT_FOR_EVER.get(name) ?? 'no such setting; see yumagate config'}`)
  }
  return given
}

function readText(name: string, file: string, problems: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'failed'
    problems.push(`${name}: the file cannot be read (${code})`)
    return undefined
  }
}

function serverValues(values: ReadonlyMap<string, unknown>, problems: string[]): ServerValues {
  const ca = (name: Name) => {
    const file = values.get(name)
    return typeof file === 'string' ? (readText(name, file, problems) ?? null) : null
  }
  // Each value was checked by the schema of its own row.
  const of = <Key extends keyof ServerValues>(name: Name) => (values.get(name) as ServerValues[Key]) ?? null
  return {
    databaseUrl: of<'databaseUrl'>('DATABASE_URL'),
    databaseCa: ca('YUMAGATE_DATABASE_CA'),
    poolMax: values.get('YUMAGATE_DATABASE_POOL') as number,
    isPooled: values.get('YUMAGATE_DATABASE_POOLER') === 'transaction',
    redisUrl: of<'redisUrl'>('REDIS_URL'),
    redisCa: ca('YUMAGATE_REDIS_CA'),
    sentinels: of<'sentinels'>('YUMAGATE_REDIS_SENTINELS'),
    sentinelPassword: of<'sentinelPassword'>('YUMAGATE_REDIS_SENTINEL_PASSWORD'),
    cluster: of<'cluster'>('YUMAGATE_REDIS_CLUSTER'),
  }
}

function arrange(values: ReadonlyMap<string, unknown>, servers: ServerValues): Config {
  // Each value was checked by the schema of its own row; the casts below say which.
  const text = (name: Name) => (values.get(name) as string | undefined) ?? null
  const number = (name: Name) => values.get(name) as number
  const path = (name: Name) => {
    const given = text(name)
    return given === null ? null : resolve(given)
  }
  return {
    port: number('PORT'),
    host: text('HOST') ?? '127.0.0.1',
    admin: {
      port: number('YUMAGATE_ADMIN_PORT'),
      host: text('YUMAGATE_ADMIN_HOST') ?? '127.0.0.1',
      token: text('YUMAGATE_ADMIN_TOKEN'),
    },
    metricsToken: text('YUMAGATE_METRICS_TOKEN'),
    trustedProxies: (values.get('YUMAGATE_TRUSTED_PROXIES') as readonly string[] | undefined) ?? [],
    publicUrl: text('YUMAGATE_PUBLIC_URL')?.replace(/\/+$/, '') ?? null,
    workerPort: number('YUMAGATE_WORKER_PORT'),
    dataDirectory: resolve(text('YUMAGATE_DATA_DIR') ?? './data'),
    database: arrangeDatabase(servers),
    redis: arrangeRedis(servers),
    blobDirectory: path('YUMAGATE_BLOB_DIR'),
    profile: 'devnet',
    subnetsFile: path('YUMAGATE_SUBNETS'),
    chainEndpoints: (values.get('YUMAGATE_CHAIN_ENDPOINTS') as readonly string[] | undefined) ?? null,
    chainGenesis: text('YUMAGATE_CHAIN_GENESIS'),
    demoKey: text('YUMAGATE_DEMO_KEY'),
    jsonBytesMax: number('YUMAGATE_MAX_JSON_BYTES'),
    uploadBytesMax: number('YUMAGATE_MAX_UPLOAD_BYTES'),
    bodyBytesMax: number('YUMAGATE_BODY_BYTES_IN_FLIGHT'),
    audioSecondsMax: number('YUMAGATE_MAX_AUDIO_S'),
    goodwill: {
      interruptedTokensPerDay: number('YUMAGATE_FREE_INTERRUPTED_TOKENS'),
      abortsPerMinute: number('YUMAGATE_FREE_ABORTS_PER_MINUTE'),
    },
    accountFileBytesMax: number('YUMAGATE_ACCOUNT_FILE_BYTES'),
    keep: {
      runsMs: keepMs(number('YUMAGATE_KEEP_RUNS_D')),
      filesMs: keepMs(number('YUMAGATE_KEEP_FILES_D')),
      uploadsMs: keepMs(number('YUMAGATE_KEEP_UPLOADS_D')),
    },
    drainMs: number('YUMAGATE_DRAIN_S') * 1000,
    drainNoticeMs: (number('YUMAGATE_DRAIN_NOTICE_S') ?? (servers.databaseUrl ? DRAIN_NOTICE_S : 0)) * 1000,
    requestTimeoutMs: number('YUMAGATE_REQUEST_TIMEOUT_S') * 1000,
    snapshotAgeMsMax: number('YUMAGATE_SNAPSHOT_AGE_MAX_S') * 1000,
    devnet: {
      blockMs: number('YUMAGATE_DEVNET_BLOCK_MS'),
      chainPort: number('YUMAGATE_DEVNET_CHAIN_PORT'),
      upstreams: {
        text: text('YUMAGATE_TEXT_URL'),
        speech: text('YUMAGATE_SPEECH_URL'),
        vision: text('YUMAGATE_VISION_URL'),
        image: text('YUMAGATE_IMAGE_URL'),
      },
    },
    logLevel: values.get('LOG_LEVEL') as Config['logLevel'],
    client: { url: text('YUMAGATE_URL'), apiKey: text('YUMAGATE_API_KEY') },
  }
}
