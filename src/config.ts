/**
 * Every setting of the gateway: one schema, parsed once, frozen. The only reader of the environment.
 * `yumagate config` prints this table; docs/settings.md repeats it and a test compares them.
 */
import { resolve } from 'node:path'
import { z } from 'zod'

const MIB = 1024 * 1024

const integer = (least: number, most: number) => z.coerce.number().int().min(least).max(most)

/** How a setting is read, what it is when not given, and why. A default of null means that it is absent. */
type Setting = { readonly schema: z.ZodType; readonly default: string | null; readonly reason: string }

const SETTINGS = {
  PORT: {
    schema: integer(0, 65_535),
    default: '8787',
    reason: 'TCP port of the API. 0 takes a free one, which the start lines and run.json name.',
  },
  HOST: {
    schema: z.string().min(1).max(255),
    default: '127.0.0.1',
    reason: 'Address to listen on. Loopback until you decide to open it.',
  },
  YUMAGATE_DATA_DIR: {
    schema: z.string().min(1).max(4096),
    default: './data',
    reason: 'Where the embedded database, files, the development chain and run.json are kept.',
  },
  YUMAGATE_PROFILE: {
    schema: z.enum(['devnet']),
    default: 'devnet',
    reason:
      'Which networks and prices to start with. devnet: a small Bittensor on this machine, started by the gateway.',
  },
  YUMAGATE_SUBNETS: {
    schema: z.string().min(1).max(4096),
    default: null,
    reason: 'Path of the subnets file (experts, models, prices). Default: that of the profile.',
  },
  YUMAGATE_CHAIN_ENDPOINTS: {
    schema: z.string().transform((text, context) => parseEndpoints(text, context)),
    default: null,
    reason:
      'WebSocket URLs of chain nodes, separated by commas. Default in the devnet profile: its own chain.',
  },
  YUMAGATE_CHAIN_GENESIS: {
    schema: z.string().regex(/^0x[0-9a-f]{64}$/, 'must be 0x and 64 lower-case hex digits'),
    default: null,
    reason:
      'Genesis hash that the chain must have; another chain is refused. Default in the devnet profile: that of its own chain.',
  },
  YUMAGATE_DEMO_KEY: {
    schema: z
      .string()
      .regex(/^[\x21-\x7e]{16,200}$/, 'must be 16 to 200 printable ASCII characters without a space'),
    default: null,
    reason:
      'API key of the demo account (devnet profile only). Another value replaces the old key. Default: a random one, kept in the data directory.',
  },
  YUMAGATE_MAX_JSON_BYTES: {
    schema: integer(1024, 512 * MIB),
    default: String(32 * MIB),
    reason: 'Largest JSON body. 32 MiB holds a 20 MB picture as base64.',
  },
  YUMAGATE_MAX_UPLOAD_BYTES: {
    schema: integer(1024, 1024 * MIB),
    default: String(26 * MIB),
    reason: "Largest multipart body. OpenAI's own limit is 25 MB for the file.",
  },
  YUMAGATE_MAX_AUDIO_S: {
    schema: integer(1, 86_400),
    default: '1800',
    reason: 'Longest recording in seconds of decoded sound; bounds memory and price.',
  },
  YUMAGATE_DRAIN_S: {
    schema: integer(0, 3600),
    default: '25',
    reason:
      'How long running answers may go on after SIGTERM or Ctrl-C. Below the 30 s that most process managers wait.',
  },
  YUMAGATE_REQUEST_TIMEOUT_S: {
    schema: integer(1, 3600),
    default: '300',
    reason: 'Longest time one request may take, all attempts included. A hold outlives it by a minute.',
  },
  YUMAGATE_SNAPSHOT_AGE_MAX_S: {
    schema: integer(60, 7 * 86_400),
    default: '7200',
    reason:
      'Oldest chain snapshot to serve from while the chain is out of reach. Scores change once per tempo (72 minutes).',
  },
  YUMAGATE_DEVNET_BLOCK_MS: {
    schema: integer(100, 60_000),
    default: '1000',
    reason: 'Block time of the development chain. Real chains take 12,000.',
  },
  YUMAGATE_TEXT_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    default: null,
    reason:
      "Any OpenAI-compatible server (vLLM, Ollama, llama.cpp) to stand behind the devnet's text miners, e.g. http://127.0.0.1:11434/v1.",
  },
  YUMAGATE_SPEECH_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    default: null,
    reason: "The same behind the devnet's speech-to-text miners.",
  },
  YUMAGATE_VISION_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    default: null,
    reason: "The same behind the devnet's image recognition miners.",
  },
  YUMAGATE_IMAGE_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    default: null,
    reason: "The same behind the devnet's image generation miners.",
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'warn',
    reason: 'Least severe line that is logged, as JSON on standard error.',
  },
  YUMAGATE_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    default: null,
    reason: 'For the demo and the tests: base URL of a running gateway. Default: the one in run.json.',
  },
  YUMAGATE_API_KEY: {
    schema: z.string().min(1).max(200),
    default: null,
    reason: 'For the demo and the tests: the key to use. Default: the demo key in run.json.',
  },
} as const satisfies Record<string, Setting>

/** Names of the settings that hold secrets: their values are never printed. */
const SECRET_SETTINGS: ReadonlySet<string> = new Set(['YUMAGATE_DEMO_KEY', 'YUMAGATE_API_KEY'])

/** The settings in the shapes that the program uses. Paths are absolute. */
export type Config = Readonly<{
  port: number
  host: string
  dataDirectory: string
  profile: 'devnet'
  subnetsFile: string | null
  chainEndpoints: readonly string[] | null
  chainGenesis: string | null
  demoKey: string | null
  jsonBytesMax: number
  uploadBytesMax: number
  audioSecondsMax: number
  drainMs: number
  requestTimeoutMs: number
  snapshotAgeMsMax: number
  devnet: Readonly<{
    blockMs: number
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
 * Reads the settings.
 *
 * @param environment - `process.env` by default; tests pass their own
 * @throws ConfigError naming every wrong setting
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const problems: string[] = []
  const values = new Map<string, unknown>()
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting][]) {
    const text =
      environment[name] === undefined || environment[name] === '' ? setting.default : environment[name]
    if (text === null) continue
    const parsed = setting.schema.safeParse(text)
    if (parsed.success) values.set(name, parsed.data)
    else problems.push(`${name}: ${parsed.error.issues[0]?.message ?? 'is not valid'}`)
  }
  for (const name of Object.keys(environment)) {
    if (name.startsWith('YUMAGATE_') && !(name in SETTINGS))
      problems.push(`${name}: no such setting; see yumagate config`)
  }
  if (problems.length > 0) throw new ConfigError(`Bad settings: ${problems.join('; ')}`)
  return Object.freeze(arrange(values))
}

/** The rows of `yumagate config`, with the value in force (secrets are only said to be set). */
export function listSettings(environment: Readonly<Record<string, string | undefined>> = process.env) {
  return (Object.entries(SETTINGS) as [string, Setting][]).map(([name, setting]) => {
    const given = environment[name]
    const shown = given !== undefined && SECRET_SETTINGS.has(name) ? '(set)' : given
    return { name, default: setting.default, reason: setting.reason, value: shown ?? setting.default }
  })
}

function arrange(values: ReadonlyMap<string, unknown>): Config {
  // Each value was checked by the schema of its own row; the casts below say which.
  const text = (name: keyof typeof SETTINGS) => (values.get(name) as string | undefined) ?? null
  const number = (name: keyof typeof SETTINGS) => values.get(name) as number
  return {
    port: number('PORT'),
    host: text('HOST') ?? '127.0.0.1',
    dataDirectory: resolve(text('YUMAGATE_DATA_DIR') ?? './data'),
    profile: 'devnet',
    subnetsFile: text('YUMAGATE_SUBNETS') === null ? null : resolve(text('YUMAGATE_SUBNETS') ?? ''),
    chainEndpoints: (values.get('YUMAGATE_CHAIN_ENDPOINTS') as readonly string[] | undefined) ?? null,
    chainGenesis: text('YUMAGATE_CHAIN_GENESIS'),
    demoKey: text('YUMAGATE_DEMO_KEY'),
    jsonBytesMax: number('YUMAGATE_MAX_JSON_BYTES'),
    uploadBytesMax: number('YUMAGATE_MAX_UPLOAD_BYTES'),
    audioSecondsMax: number('YUMAGATE_MAX_AUDIO_S'),
    drainMs: number('YUMAGATE_DRAIN_S') * 1000,
    requestTimeoutMs: number('YUMAGATE_REQUEST_TIMEOUT_S') * 1000,
    snapshotAgeMsMax: number('YUMAGATE_SNAPSHOT_AGE_MAX_S') * 1000,
    devnet: {
      blockMs: number('YUMAGATE_DEVNET_BLOCK_MS'),
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

function parseEndpoints(text: string, context: z.RefinementCtx): readonly string[] {
  const endpoints = text.split(',').map((part) => part.trim())
  if (endpoints.some((endpoint) => !/^wss?:\/\/[^\s]+$/.test(endpoint))) {
    context.addIssue('must be ws:// or wss:// URLs, separated by commas')
  }
  return endpoints
}
