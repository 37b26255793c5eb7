/** The table of all settings: how each is read, its default, and why. `../config.ts` reads it against the environment. */
import { z } from 'zod'
import { parseNetwork } from '../network/ip-networks.ts'
import { KEEP_SETTINGS } from './retention.ts'
import { SERVER_SETTINGS } from './server-settings.ts'
import { integer, PATH, type Setting } from './setting.ts'

const MIB = 1024 * 1024

/** By name, in the order of the documentation. */
export const SETTINGS = {
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
  YUMAGATE_PUBLIC_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    default: null,
    reason:
      'Where callers reach the gateway, for links to files, such as https://gateway.example. Default: the address listened on; a worker then gives paths without one.',
  },
  YUMAGATE_WORKER_PORT: {
    schema: integer(0, 65_535),
    default: '8789',
    reason: 'TCP port of healthz and readyz of yumagate worker, on HOST. 0 takes a free one.',
  },
  YUMAGATE_ADMIN_PORT: {
    schema: integer(0, 65_535),
    default: '0',
    reason: 'TCP port of the admin API. 0 takes a free one, which run.json names.',
  },
  YUMAGATE_ADMIN_HOST: {
    schema: z.string().min(1).max(255),
    default: '127.0.0.1',
    reason:
      'Address that the admin API listens on, whatever HOST is. Beyond loopback only with YUMAGATE_ADMIN_TOKEN of 32 characters or more.',
  },
  YUMAGATE_ADMIN_TOKEN: {
    schema: z
      .string()
      .regex(/^[\x21-\x7e]{16,200}$/, 'must be 16 to 200 printable ASCII characters without a space'),
    default: null,
    reason: 'Bearer token of the admin API. Default: a random one for each start, which run.json holds.',
    secret: 'whole',
  },
  YUMAGATE_METRICS_TOKEN: {
    schema: z
      .string()
      .regex(/^[\x21-\x7e]{16,200}$/, 'must be 16 to 200 printable ASCII characters without a space'),
    default: null,
    reason:
      'Bearer token that opens /metrics and nothing else, beside that of the admin API. A worker serves /metrics, on YUMAGATE_WORKER_PORT, only with it.',
    secret: 'whole',
  },
  YUMAGATE_TRUSTED_PROXIES: {
    schema: z.string().transform(parseNetworks),
    default: null,
    reason:
      'Addresses and networks (CIDR) of proxies in front of the gateway, separated by commas. X-Forwarded-For counts only from these.',
  },
  YUMAGATE_DATA_DIR: {
    schema: PATH,
    default: './data',
    reason: 'Where the embedded database, files, the development chain and run.json are kept.',
  },
  ...SERVER_SETTINGS,
  YUMAGATE_PROFILE: {
    schema: z.enum(['devnet']),
    default: 'devnet',
    reason:
      'Which networks and prices to start with. devnet: a small Bittensor on this machine, started by the gateway.',
  },
  YUMAGATE_SUBNETS: {
    schema: PATH,
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
    secret: 'whole',
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
  YUMAGATE_BODY_BYTES_IN_FLIGHT: {
    schema: integer(1024, 1024 * 1024 * MIB),
    default: String(256 * MIB),
    reason:
      'Bytes of all bodies in memory at once; one more is answered with 503. At least the largest body. A parsed body takes up to about three times its bytes.',
  },
  YUMAGATE_ACCOUNT_FILE_BYTES: {
    schema: integer(1024, 1024 * 1024 * 1024 * MIB),
    default: String(1024 * MIB),
    reason:
      'Bytes of files that one account may keep; an upload beyond it is refused. What its runs make counts and is never refused: it is paid for.',
  },
  ...KEEP_SETTINGS,
  YUMAGATE_FREE_INTERRUPTED_TOKENS: {
    schema: integer(0, 1_000_000_000),
    default: '200000',
    reason:
      'Output tokens of answers that miners broke off which an account gets free in a day (UTC), of one miner a tenth of them; beyond it what was delivered is charged. For each gateway.',
  },
  YUMAGATE_FREE_ABORTS_PER_MINUTE: {
    schema: integer(1, 1_000_000),
    default: '120',
    reason:
      'Requests a minute that an account may give up before anything was delivered, over ten minutes; beyond it 429. For each gateway.',
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
  YUMAGATE_DRAIN_NOTICE_S: {
    schema: integer(0, 600),
    default: null,
    reason:
      'How long readyz says no while new requests are still taken, before the drain begins, so that a balancer sends them elsewhere. Default: 2 with DATABASE_URL, else 0.',
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
  YUMAGATE_DEVNET_CHAIN_PORT: {
    schema: integer(0, 65_535),
    default: '0',
    reason:
      'TCP port of the development chain, on loopback. 0 takes a free one. A fixed one lets other processes find it again after a restart.',
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
    secret: 'whole',
  },
} as const satisfies Record<string, Setting>

function parseNetworks(text: string, context: z.RefinementCtx): readonly string[] {
  return text.split(',').flatMap((part) => {
    const network = parseNetwork(part.trim())
    if (network !== null) return [network]
    context.addIssue('must be addresses or networks such as 10.0.0.0/8, separated by commas')
    return []
  })
}

function parseEndpoints(text: string, context: z.RefinementCtx): readonly string[] {
  const endpoints = text.split(',').map((part) => part.trim())
  if (endpoints.some((endpoint) => !/^wss?:\/\/[^\s]+$/.test(endpoint))) {
    context.addIssue('must be ws:// or wss:// URLs, separated by commas')
  }
  return endpoints
}
