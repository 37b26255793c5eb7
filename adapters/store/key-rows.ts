/** Keys between rows and the words of the ports. */
import type { KeyRecord } from '../../src/ports/accounts.ts'
import { CAPABILITIES, type Capability } from '../../src/ports/capability.ts'
import { BUDGET_PERIODS, type KeyBudget, type KeyListing, type KeyRules } from '../../src/ports/keys.ts'
import {
  arrayOf,
  bigintOf,
  integerOf,
  nullableTextOf,
  nullableTimeOf,
  type Row,
  textOf,
  timeOf,
} from './columns.ts'

/** Of `yumagate.api_key k` beside `yumagate.account a`. */
export const KEY_COLUMNS = `k.id, a.id as account_id, k.prefix, k.name, k.revoked_at, k.expires_at,
  coalesce(k.limit_id, k.id) as limit_id,
  case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'active' end as status,
  k.capabilities, k.models, k.networks, k.requests_per_minute, k.tokens_per_minute, k.rao_per_minute, k.budget, k.budget_period`

/** The columns that `ruleValues` fills, in its order. */
export const RULE_COLUMNS =
  'capabilities, models, networks, requests_per_minute, tokens_per_minute, rao_per_minute, budget, budget_period'

export const NO_RULES: KeyRules = {
  capabilities: null,
  models: null,
  networks: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  raoPerMinute: null,
  budget: null,
}

export function ruleValues(rules: KeyRules | null): readonly unknown[] {
  const given = rules ?? NO_RULES
  return [
    given.capabilities,
    given.models,
    given.networks,
    given.requestsPerMinute,
    given.tokensPerMinute,
    given.raoPerMinute,
    given.budget?.amountRao ?? null,
    given.budget?.period ?? null,
  ]
}

export function readKey(row: Row): KeyRecord {
  return {
    id: textOf(row, 'id'),
    accountId: textOf(row, 'account_id'),
    prefix: textOf(row, 'prefix'),
    name: nullableTextOf(row, 'name'),
    status: readStatus(textOf(row, 'status')),
    revokedAt: nullableTimeOf(row, 'revoked_at'),
    expiresAt: nullableTimeOf(row, 'expires_at'),
    limitId: textOf(row, 'limit_id'),
    rules: readRules(row),
  }
}

export function readListing(row: Row): KeyListing {
  return {
    ...readKey(row),
    createdAt: timeOf(row, 'created_at'),
    lastUsedAt: nullableTimeOf(row, 'last_used_at'),
    replacedBy: nullableTextOf(row, 'replaced_by'),
    spentRao: row.budget === null ? null : bigintOf(row, 'spent'),
  }
}

/** As the audit log keeps them: amounts as text, what is not restricted left out. */
export function rulesToJson(rules: KeyRules | null): Record<string, unknown> {
  if (rules === null) return {}
  const { raoPerMinute, budget, ...rest } = rules
  const json = {
    ...rest,
    raoPerMinute: raoPerMinute?.toString() ?? null,
    budget: budget && { amountRao: budget.amountRao.toString(), period: budget.period },
  }
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null))
}

function readRules(row: Row): KeyRules | null {
  const rules: KeyRules = {
    capabilities: readTexts(row, 'capabilities')?.map(readCapability) ?? null,
    models: readTexts(row, 'models'),
    networks: readTexts(row, 'networks'),
    requestsPerMinute: readInteger(row, 'requests_per_minute'),
    tokensPerMinute: readInteger(row, 'tokens_per_minute'),
    raoPerMinute: row.rao_per_minute === null ? null : bigintOf(row, 'rao_per_minute'),
    budget: readBudget(row),
  }
  return Object.values(rules).every((rule) => rule === null) ? null : rules
}

function readBudget(row: Row): KeyBudget | null {
  if (row.budget === null) return null
  const text = textOf(row, 'budget_period')
  const period = BUDGET_PERIODS.find((candidate) => candidate === text)
  if (!period) throw new Error('the database answered an unknown period of a budget')
  return { amountRao: bigintOf(row, 'budget'), period }
}

function readStatus(text: string): KeyRecord['status'] {
  if (text === 'active' || text === 'expired' || text === 'revoked') return text
  throw new Error('the database answered an unknown status of a key')
}

function readCapability(text: string): Capability {
  const capability = CAPABILITIES.find((candidate) => candidate === text)
  // Written by a later version: a key is never allowed more than was meant.
  if (!capability) throw new Error('the database answered an unknown capability of a key')
  return capability
}

const readInteger = (row: Row, column: string): number | null =>
  row[column] === null ? null : integerOf(row, column)

function readTexts(row: Row, column: string): readonly string[] | null {
  return row[column] === null ? null : arrayOf(row, column).map(String)
}
