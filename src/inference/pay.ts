/** The money side of one request: what it can cost at most, its hold, and the parts of its receipt. */
import { createHash } from 'node:crypto'
import type { Goodwill } from '../billing/goodwill.ts'
import type { KeyRate, TokenShare } from '../billing/key-rate.ts'
import { affordableUnits, type PriceCatalogue, total, type Units } from '../billing/prices.ts'
import type { Purse, Reservation } from '../billing/purse.ts'
import type { ReceiptParts } from '../billing/receipt.ts'
import { affordableOf } from '../billing/shortage.ts'
import { GatewayError } from '../errors.ts'
import type { Capability } from '../ports/capability.ts'
import type { KeyRules } from '../ports/keys.ts'
import { OUTPUT_TOKENS_LEAST } from './chat-request.ts'
import type { Performed } from './perform.ts'

/** Who asks and pays. */
export type Caller = {
  readonly accountId: string
  readonly keyId: string
  readonly depositAddress: string
  readonly requestId: string
  /** The most this request may cost, by its own wish; null without a wish. */
  readonly costMaxRao: bigint | null
  /** What the key is restricted to; null when it is not. */
  readonly rules: KeyRules | null
  /** Of the key's rate limits; null without. */
  readonly rate: KeyRate | null
}

export type PayOptions = {
  readonly purse: Purse
  /** The catalogue in force; a request keeps the one it was admitted under. */
  readonly readPrices: () => PriceCatalogue
  /** Bounds what an account gets for nothing; without it nothing is. */
  readonly goodwill?: Goodwill
  /** A hold outlives the longest request. */
  readonly holdTtlMs: number
}

/** A request that has been priced and paid for in advance. */
export type Admission = {
  readonly reservation: Reservation
  readonly prices: PriceCatalogue
}

/**
 * Holds the worst case of work whose size is known.
 *
 * @throws GatewayError `invalid_request` the caller's own cap does not cover it · `rate_limit_exceeded` too many were left unanswered ·
 *   as `Purse.reserve`
 */
export async function admit(
  caller: Caller,
  order: { readonly model: string; readonly unitsMax: Units; readonly tokenShare?: TokenShare | null },
  { purse, goodwill, readPrices, holdTtlMs }: PayOptions,
): Promise<Admission> {
  goodwill?.admit(caller.accountId)
  const prices = readPrices()
  const amountRao = total(prices.priceLines(order.model, order.unitsMax))
  const { costMaxRao, rate: _rate, ...payer } = caller
  if (costMaxRao !== null && costMaxRao < amountRao) throw overCap(amountRao, costMaxRao)
  const { tokenShare = null } = order
  const reservation = await purse.reserve({ ...payer, amountRao, tokenShare, ttlMs: holdTtlMs })
  return { reservation, prices }
}

function overCap(amountRao: bigint, costMaxRao: bigint): GatewayError {
  return new GatewayError(
    'invalid_request',
    `X-Max-Cost-Rao: this request can cost ${amountRao} rao, more than the ${costMaxRao} that it may. Raise the limit or ask for less.`,
    { param: 'X-Max-Cost-Rao' },
  )
}

/** A chat order whose output limit may be lowered to what the balance pays. */
export type ChatOrder = {
  readonly model: string
  readonly inputTokensMax: number
  readonly outputTokensMax: number
  readonly choices: number
  /** Whether the caller asked for that limit: then it is not lowered. */
  readonly isRequested: boolean
}

/**
 * Holds for a chat. A cap of the caller's own lowers the output limit to what it pays; so does the balance, and so does what is left of the
 * key's budget, and its tokens and rao per minute, when the caller has set no limit. None to under 16 tokens.
 *
 * @returns the admission and the tokens that each choice may have
 * @throws GatewayError `invalid_request` the cap is too low for any answer · as `KeyRate.takeTokens` · as `Purse.reserve`
 */
export async function admitChat(
  caller: Caller,
  order: ChatOrder,
  options: PayOptions,
): Promise<{ readonly admission: Admission; readonly outputTokensMax: number }> {
  const units = (tokensMax: number): Units => ({
    input_token: BigInt(order.inputTokensMax),
    output_token: BigInt(tokensMax) * BigInt(order.choices),
  })
  const ask = async (tokensMax: number, tokenShare: TokenShare | null) => ({
    admission: await admit(caller, { model: order.model, unitsMax: units(tokensMax), tokenShare }, options),
    outputTokensMax: tokensMax,
  })
  const least = Math.min(OUTPUT_TOKENS_LEAST, order.outputTokensMax)
  const { costMaxRao } = caller
  const capped =
    costMaxRao === null ? order.outputTokensMax : affordableTokens(order, costMaxRao, options.readPrices())
  const tokensMax = Math.max(least, Math.min(order.outputTokensMax, capped, ratedTokens(order, caller.rate)))
  const taken = order.inputTokensMax + tokensMax * order.choices
  const tokenShare = caller.rate === null ? null : await caller.rate.takeTokens(taken)
  try {
    return await ask(tokensMax, tokenShare).catch(async (thrown: unknown) => {
      const availableRao = order.isRequested ? null : affordableOf(thrown)
      if (availableRao === null) throw thrown
      const paid = affordableTokens(order, availableRao, options.readPrices())
      if (paid < least || paid >= tokensMax) throw thrown
      return await ask(paid, tokenShare)
    })
  } catch (thrown) {
    tokenShare?.end(0)
    throw thrown
  }
}

/** Output tokens for each choice that the key's tokens per minute can ever give beside the input, when the caller has set no limit. */
function ratedTokens(order: ChatOrder, rate: KeyRate | null): number {
  const perMinute = order.isRequested ? null : (rate?.tokensPerMinute ?? null)
  if (perMinute === null) return order.outputTokensMax
  return Math.max(0, Math.floor((perMinute - order.inputTokensMax) / order.choices))
}

/** Output tokens for each choice that an amount pays beside the input; 0 when not even that. */
function affordableTokens(order: ChatOrder, amountRao: bigint, prices: PriceCatalogue): number {
  const inputRao = total(prices.priceLines(order.model, { input_token: BigInt(order.inputTokensMax) }))
  const price = prices.find(order.model)?.find(({ meter }) => meter === 'output_token')
  if (!price) return 0
  const affordable = affordableUnits(price, amountRao - inputRao)
  if (affordable === null) return order.outputTokensMax
  const perChoice = affordable / BigInt(order.choices)
  return perChoice > BigInt(order.outputTokensMax) ? order.outputTokensMax : Number(perChoice)
}

/** The parts of the receipt of a request that was performed. */
export function describeCharge(
  performed: Pick<Performed, 'model' | 'provider' | 'attempts'>,
  charge: {
    readonly prices: PriceCatalogue
    readonly capability: Capability
    readonly units: Units
    readonly outputSha256: string
  },
): ReceiptParts {
  return {
    model: performed.model.listedId,
    capability: charge.capability,
    priceVersion: charge.prices.version,
    lines: charge.prices.priceLines(performed.model.listedId, charge.units),
    provider: performed.provider,
    attempts: performed.attempts,
    outputSha256: charge.outputSha256,
    runId: null,
    stepId: null,
  }
}

export function sha256Hex(output: string | Uint8Array): string {
  return createHash('sha256').update(output).digest('hex')
}
