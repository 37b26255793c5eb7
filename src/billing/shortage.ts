/** Why a request or a run was not paid for in advance, as its caller is told. */
import { GatewayError } from '../errors.ts'
import type { KeyRules } from '../ports/keys.ts'
import type { HoldShortage } from '../ports/ledger.ts'
import { formatTao, RAO_MAX } from '../units.ts'

export type ShortOrder = {
  /** Worst-case cost. */
  readonly amountRao: bigint
  /** Where the account is topped up. */
  readonly depositAddress: string
  /** What is known of the key's limits; null when it has none. */
  readonly rules: KeyRules | null
}

/** When a limit is not known here yet, since it was set a moment ago. */
const RETRY_AFTER_MS_DEFAULT = 1_000

/**
 * The 402 of a balance or of a key's budget, the 429 of a key's rao per minute.
 *
 * @param genesisHash - the chain on which an account is topped up; null while it is not known
 */
export function refuseShortage(
  shortage: HoldShortage,
  order: ShortOrder,
  genesisHash: string | null,
): GatewayError {
  switch (shortage.kind) {
    case 'insufficient':
      return insufficientBalance(shortage.availableRao, order, genesisHash)
    case 'over-budget':
      return overBudget(shortage.leftRao, order)
    case 'over-rate':
      return overRate(shortage.leftRao, order)
  }
}

/** What the ledger can hold: from 1 rao, and not beyond its integers, which no balance reaches. */
export function holdable(amountRao: bigint): bigint {
  if (amountRao < 1n) return 1n
  return amountRao < RAO_MAX ? amountRao : RAO_MAX
}

/** What an order that was refused by `refuseShortage` could have cost; null for other errors. */
export function affordableOf(thrown: unknown): bigint | null {
  return thrown instanceof GatewayError && thrown.cause instanceof Shortage ? thrown.cause.leftRao : null
}

/** Carries what was left, exactly, to whoever can ask for less. */
class Shortage extends Error {
  readonly leftRao: bigint

  constructor(leftRao: bigint) {
    super(`${leftRao} rao are left`)
    this.leftRao = leftRao
  }
}

function insufficientBalance(
  availableRao: bigint,
  order: ShortOrder,
  genesisHash: string | null,
): GatewayError {
  const requiredRao = holdable(order.amountRao)
  const topup = {
    address: order.depositAddress,
    network: genesisHash === null ? null : `bittensor:${genesisHash}`,
    asset: 'TAO',
    required_rao: requiredRao.toString(),
    available_rao: availableRao.toString(),
    shortfall_rao: (requiredRao - availableRao).toString(),
  }
  const message =
    `This request can cost up to ${formatTao(requiredRao)} TAO; ${formatTao(availableRao)} TAO are available. ` +
    'Send TAO to the deposit address of the account, or ask for less.'
  return new GatewayError('insufficient_quota', message, {
    extra: { topup },
    cause: new Shortage(availableRao),
  })
}

function overBudget(leftRao: bigint, { amountRao, rules }: ShortOrder): GatewayError {
  const requiredRao = holdable(amountRao)
  const budget = rules?.budget ?? null
  const when = budget === null || budget.period === 'total' ? '' : ` for this ${budget.period}`
  const message =
    `This request can cost up to ${formatTao(requiredRao)} TAO; ${formatTao(leftRao)} TAO are left of the budget of this key${when}. ` +
    'Ask for less, or have the budget raised; a top-up of the account does not change it.'
  const extra = {
    budget: {
      ...(budget && { limit_rao: budget.amountRao.toString(), period: budget.period }),
      required_rao: requiredRao.toString(),
      left_rao: leftRao.toString(),
    },
  }
  return new GatewayError('key_budget_exhausted', message, { extra, cause: new Shortage(leftRao) })
}

function overRate(leftRao: bigint, { amountRao, rules }: ShortOrder): GatewayError {
  const requiredRao = holdable(amountRao)
  const perMinuteRao = rules?.raoPerMinute ?? null
  const cause = new Shortage(leftRao)
  const cost = `This request can cost up to ${formatTao(requiredRao)} TAO`
  if (perMinuteRao === null) {
    const message = `${cost}, more than this key may spend now. Try again in a moment.`
    return new GatewayError('rate_limit_exceeded', message, { retryAfterMs: RETRY_AFTER_MS_DEFAULT, cause })
  }
  if (requiredRao > perMinuteRao) {
    const message = `${cost}, more than the ${formatTao(perMinuteRao)} TAO that this key may spend in a minute. Ask for less.`
    return new GatewayError('invalid_request', message, { cause })
  }
  const waitMs = ((requiredRao - leftRao) * 60_000n) / perMinuteRao + 1n
  return new GatewayError(
    'rate_limit_exceeded',
    `${cost}; this key may spend ${formatTao(perMinuteRao)} TAO a minute and has ${formatTao(leftRao)} TAO of it left. Try again later.`,
    { retryAfterMs: Number(waitMs), cause },
  )
}
