/** From the flags of `key create` and `key limit` to what the admin API takes. */
import { BUDGET_PERIODS, type KeyBudget } from '../ports/keys.ts'
import { parseTao } from '../units.ts'
import { CommandError } from './admin-client.ts'

/** As commander hands them over. */
export type KeyFlags = {
  readonly name?: string
  readonly expires?: string
  readonly capability?: readonly string[]
  readonly model?: readonly string[]
  readonly ip?: readonly string[]
  readonly requestsPerMinute?: string
  readonly tokensPerMinute?: string
  readonly raoPerMinute?: string
  readonly budget?: string
  readonly budgetPeriod?: string
}

/** A budget in force, for a flag that names a part of the new one only. */
export type CurrentBudget = { readonly amount_rao: string; readonly period: string } | null

/** Takes a limit away. */
const NONE = 'none'

/**
 * @param nowMs - milliseconds since 1970
 * @throws CommandError naming the flag that is wrong
 */
export function readKeyFlags(
  flags: KeyFlags,
  current: CurrentBudget,
  nowMs: number,
): Record<string, unknown> {
  const { name, expires, capability, model, ip } = flags
  const budget = readBudget(flags, current)
  return {
    ...(name !== undefined && { name: name === NONE ? null : name }),
    ...(expires !== undefined && { expires_at: readEnd(expires, nowMs) }),
    ...(capability !== undefined && { capabilities: readList(capability) }),
    ...(model !== undefined && { models: readList(model) }),
    ...(ip !== undefined && { networks: readList(ip) }),
    ...readCount('requests_per_minute', '--requests-per-minute', flags.requestsPerMinute),
    ...readCount('tokens_per_minute', '--tokens-per-minute', flags.tokensPerMinute),
    ...(flags.raoPerMinute !== undefined && {
      rao_per_minute: flags.raoPerMinute === NONE ? null : flags.raoPerMinute,
    }),
    ...(budget !== undefined && { budget }),
  }
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `90s`, `15m`, `24h`, `30d`. @returns seconds @throws CommandError */
export function readDuration(text: string, flag: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text)
  const unit = match?.[2]
  if (unit === 's' || unit === 'm' || unit === 'h' || unit === 'd') return Number(match?.[1]) * SECONDS[unit]
  throw new CommandError(`${flag}: must be a time such as 90s, 15m, 24h or 30d.`)
}

function readEnd(text: string, nowMs: number): string | null {
  if (text === NONE || text === 'never') return null
  if (/^\d+[smhd]$/.test(text)) return new Date(nowMs + readDuration(text, '--expires') * 1000).toISOString()
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(atMs)) return new Date(atMs).toISOString()
  throw new CommandError('--expires: must be a time such as 30d, a date such as 2027-01-31, or never.')
}

function readList(values: readonly string[]): readonly string[] | null {
  return values.length === 1 && values[0] === NONE ? null : values
}

function readCount(member: string, flag: string, text: string | undefined): Record<string, number | null> {
  if (text === undefined) return {}
  if (text === NONE) return { [member]: null }
  if (/^[1-9]\d{0,9}$/.test(text)) return { [member]: Number(text) }
  throw new CommandError(`${flag}: must be a whole number above zero, or none.`)
}

function readBudget(
  { budget, budgetPeriod }: KeyFlags,
  current: CurrentBudget,
): { readonly amount_rao: string; readonly period: KeyBudget['period'] } | null | undefined {
  if (budget === undefined && budgetPeriod === undefined) return undefined
  if (budget === NONE) return null
  const named = budgetPeriod ?? current?.period ?? 'total'
  const period = BUDGET_PERIODS.find((candidate) => candidate === named)
  if (!period) throw new CommandError(`--budget-period: must be one of ${BUDGET_PERIODS.join(', ')}.`)
  const amount = budget === undefined ? current?.amount_rao : parseTao(budget)?.toString()
  if (amount === undefined || amount === '0') {
    throw new CommandError(
      '--budget: must be an amount in TAO with at most nine decimals, such as 12.5, or none.',
    )
  }
  return { amount_rao: amount, period }
}
