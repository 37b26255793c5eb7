/** The subnets file: which experts there are, how they are reached, what their models can do and cost. */
import { z } from 'zod'
import { CAPABILITIES } from '../ports/capability.ts'

const modelSchema = z.strictObject({
  /** Public name, as in `GET /v1/models`. */
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/),
  /** What the miner is asked for; the public name by default. */
  upstream: z.string().min(1).max(200).optional(),
  capabilities: z.array(z.enum(CAPABILITIES)).min(1),
  contextTokensMax: z.number().int().min(1).max(10_000_000).default(32_768),
  outputTokensMax: z.number().int().min(1).max(1_000_000).default(4096),
  description: z.string().max(500).default(''),
})

const expertSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
    netuid: z.number().int().min(0).max(65_535).optional(),
    mechid: z.number().int().min(0).max(15).default(0),
    /** The subnet's name on the chain: another one at that netuid is not used. */
    networkName: z.string().max(200).optional(),
    /** The block at which that netuid was registered: it changes when a netuid is given to somebody else. */
    networkRegisteredAtBlock: z.number().int().min(0).optional(),
    dialect: z.enum(['dendrite10', 'btauth1', 'openai']),
    /** A server of one's own or a subnet's public API, instead of miners from the chain. */
    url: z.url({ protocol: /^https?$/ }).optional(),
    /** File that holds the bearer key for `url`. */
    apiKeyFile: z.string().min(1).max(4096).optional(),
    models: z.array(modelSchema).min(1),
    concurrencyPerMiner: z.number().int().min(1).max(10_000).default(8),
    queueDepth: z.number().int().min(0).max(1_000_000).default(1024),
    timeoutS: z.number().min(0.1).max(3600).default(300),
    firstByteTimeoutS: z.number().min(0.1).max(3600).default(60),
  })
  .refine((expert) => (expert.url === undefined) !== (expert.netuid === undefined), {
    error: 'needs either netuid (miners from the chain) or url (a server)',
  })
  .refine((expert) => expert.url === undefined || expert.dialect === 'openai', {
    error: 'a url needs the dialect openai: the other dialects sign for a hotkey',
    path: ['dialect'],
  })
  .refine((expert) => expert.url !== undefined || expert.apiKeyFile === undefined, {
    error: 'is for a url alone: miners from the chain know the gateway by its signature',
    path: ['apiKeyFile'],
  })

const fileSchema = z.strictObject({
  version: z.literal(1),
  experts: z.array(expertSchema).min(1).max(1024),
  /** By public model name. The arithmetic is in `src/billing/prices.ts`, which reads this section. */
  prices: z.record(
    z.string(),
    z.array(z.strictObject({ meter: z.string(), rao: z.string(), per: z.string() })).min(1),
  ),
  /** For the devnet alone: miners on this machine are called although their address is loopback. */
  allowLoopbackMiners: z.boolean().default(false),
  /** Model names with one of these in front are accepted, never listed: the devnet's miners then misbehave as it says. */
  faultPrefixes: z
    .array(z.string().regex(/^[a-z]+-$/))
    .max(16)
    .default([]),
})

export type SubnetsFile = z.infer<typeof fileSchema>
export type ExpertEntry = SubnetsFile['experts'][number]

/** Which capabilities need which meter to be priced. */
const METERS = {
  chat: ['input_token', 'output_token'],
  'image.recognize': ['input_token', 'output_token'],
  'audio.transcribe': ['audio_ms'],
  'image.generate': ['image'],
} as const

/** What is wrong with a subnets file: one line, naming the path in it. */
export class SubnetsFileError extends Error {
  override readonly name = 'SubnetsFileError'
}

/**
 * Reads the file's text.
 *
 * @param text - JSON
 * @throws SubnetsFileError not JSON, an unknown or wrong field, a name used twice, a model without the prices that it needs
 */
export function parseSubnetsFile(text: string): SubnetsFile {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new SubnetsFileError(`is not JSON: ${cause instanceof Error ? cause.message : 'unreadable'}`)
  }
  const parsed = fileSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new SubnetsFileError(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not valid'}`)
  }
  checkNames(parsed.data)
  checkPrices(parsed.data)
  return parsed.data
}

function checkNames(file: SubnetsFile): void {
  const names = new Set<string>()
  file.experts.forEach(({ name, models }, index) => {
    if (names.has(name)) throw new SubnetsFileError(`experts.${index}.name: "${name}" is used twice`)
    names.add(name)
    const ids = new Set(models.map(({ id }) => id))
    if (ids.size < models.length)
      throw new SubnetsFileError(`experts.${index}.models: a model is listed twice`)
  })
}

/** Nothing unpriced is ever dispatched, so it is not loaded either. */
function checkPrices(file: SubnetsFile): void {
  for (const { models } of file.experts) {
    for (const { id, capabilities } of models) {
      const meters = new Set(file.prices[id]?.map(({ meter }) => meter))
      for (const capability of capabilities) {
        const missing = METERS[capability].find((meter) => !meters.has(meter))
        if (missing)
          throw new SubnetsFileError(`prices.${id}: has no price for ${missing}, which ${capability} needs`)
      }
    }
  }
}
