/** What the admin API takes, and keys as it shows them. */
import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { parseNetwork } from '../network/ip-networks.ts'
import { CAPABILITIES } from '../ports/capability.ts'
import { BUDGET_PERIODS, type KeyChange, type KeyListing, type KeyRules } from '../ports/keys.ts'
import { parseRao } from '../units.ts'

const LIST_MAX = 100
const PER_MINUTE_MAX = 1_000_000_000
/** A year: what ends later is meant to stay. */
const OVERLAP_S_MAX = 366 * 86_400

const raoAmount = z
  .string()
  .transform((text) => parseRao(text) ?? 0n)
  .refine((amountRao) => amountRao > 0n, 'must be a whole amount in rao above zero, as text')

const network = z.string().transform((text, context) => {
  const cidr = parseNetwork(text)
  if (cidr !== null) return cidr
  context.addIssue('must be an IP address or a network such as 192.0.2.0/24')
  return z.NEVER
})

const listOf = <Schema extends z.ZodType>(schema: Schema) =>
  z.array(schema).min(1).max(LIST_MAX).nullable().optional()

const perMinute = z.int().min(1).max(PER_MINUTE_MAX).nullable().optional()

const limits = {
  name: z
    .string()
    .regex(/^[\x20-\x7e]{1,64}$/, 'must be 1 to 64 printable ASCII characters')
    .nullable()
    .optional(),
  expires_at: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text).toISOString())
    .nullable()
    .optional(),
  capabilities: listOf(z.enum(CAPABILITIES)),
  models: listOf(z.string().min(1).max(200)),
  networks: listOf(network),
  requests_per_minute: perMinute,
  tokens_per_minute: perMinute,
  rao_per_minute: raoAmount.nullable().optional(),
  budget: z
    .strictObject({ amount_rao: raoAmount, period: z.enum(BUDGET_PERIODS) })
    .nullable()
    .optional(),
}

const changeSchema = z.strictObject(limits)
const someChange = changeSchema.refine((change) => Object.keys(change).length > 0, 'names nothing to change')

export const NEW_ACCOUNT = z.strictObject({
  name: z.string(),
  devnet_fund: z.string().nullable().optional(),
})
export const NEW_KEY = z.strictObject({ account: z.string().min(1), ...limits })
export const KEY_CHANGE = someChange
export const ROTATION = z.strictObject({ overlap_s: z.int().min(0).max(OVERLAP_S_MAX) })

/** @throws GatewayError `invalid_request` naming the first field that is wrong */
export function readBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const param = issue?.path.join('.') ?? ''
  const message = `${param === '' ? '' : `${param}: `}${issue?.message ?? 'is not valid'}`
  throw new GatewayError('invalid_request', message, param === '' ? {} : { param })
}

/** @param knowsModel - whether a model of that name is listed @throws GatewayError `invalid_request` a model that is not */
export function toChange(
  body: z.output<typeof changeSchema>,
  knowsModel: (modelId: string) => boolean,
): KeyChange & { readonly rules: Partial<KeyRules> } {
  const unknown = body.models?.find((model) => !knowsModel(model))
  if (unknown !== undefined) {
    throw new GatewayError('invalid_request', `models: there is no model ${JSON.stringify(unknown)} here.`, {
      param: 'models',
    })
  }
  const { budget } = body
  const rules: { -readonly [Name in keyof KeyRules]?: KeyRules[Name] } = {}
  if (body.capabilities !== undefined) rules.capabilities = body.capabilities
  if (body.models !== undefined) rules.models = body.models
  if (body.networks !== undefined) rules.networks = body.networks
  if (body.requests_per_minute !== undefined) rules.requestsPerMinute = body.requests_per_minute
  if (body.tokens_per_minute !== undefined) rules.tokensPerMinute = body.tokens_per_minute
  if (body.rao_per_minute !== undefined) rules.raoPerMinute = body.rao_per_minute
  if (budget !== undefined) rules.budget = budget && { amountRao: budget.amount_rao, period: budget.period }
  return {
    rules,
    ...(body.name !== undefined && { name: body.name }),
    ...(body.expires_at !== undefined && { expiresAt: body.expires_at }),
  }
}

export function keyToJson(key: KeyListing): Record<string, unknown> {
  const { rules, spentRao } = key
  const budget = rules?.budget ?? null
  return {
    id: key.id,
    object: 'key',
    account: key.accountId,
    prefix: key.prefix,
    name: key.name,
    status: key.status,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    last_used_at: key.lastUsedAt,
    replaced_by: key.replacedBy,
    capabilities: rules?.capabilities ?? null,
    models: rules?.models ?? null,
    networks: rules?.networks ?? null,
    requests_per_minute: rules?.requestsPerMinute ?? null,
    tokens_per_minute: rules?.tokensPerMinute ?? null,
    rao_per_minute: rules?.raoPerMinute?.toString() ?? null,
    budget: budget && {
      amount_rao: budget.amountRao.toString(),
      period: budget.period,
      spent_rao: (spentRao ?? 0n).toString(),
    },
  }
}
