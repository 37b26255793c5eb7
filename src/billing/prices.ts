/** The price catalogue: immutable, known by a hash of its content, and the arithmetic of one charge. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import type { ReceiptLine } from '../ports/ledger.ts'
import { parseRao } from '../units.ts'

/** `rao` for each `per` units of a meter: `{ meter: 'output_token', rao: 900_000n, per: 1_000_000n }`. */
export type Price = { readonly meter: string; readonly rao: bigint; readonly per: bigint }

/** Prices as they are written in the subnets file, by public model name: `rao` from 0, `per` from 1, both decimal text. */
export type PriceInput = Readonly<
  Record<string, readonly { readonly meter: string; readonly rao: string; readonly per: string }[]>
>

/** Units by meter, each 0 or more: `{ input_token: 12n, output_token: 340n }`. */
export type Units = Readonly<Record<string, bigint>>

/** Charged once per receipt without being measured. */
const REQUEST_METER = 'request'
/** The line that lifts a charge to the catalogue's minimum. */
const MINIMUM_METER = 'minimum_charge'

const inputSchema = z.record(
  z.string().min(1),
  z
    .array(
      z.strictObject({
        meter: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
        rao: z.string(),
        per: z.string(),
      }),
    )
    .min(1),
)

/**
 * Reads a catalogue from its plain form.
 *
 * @param options.minChargeRao - no receipt with any unit on it is cheaper; 0 for none
 * @throws Error that names the model and the field at fault
 */
export function parsePrices(
  input: unknown,
  options: { readonly minChargeRao?: bigint } = {},
): PriceCatalogue {
  const parsed = inputSchema.safeParse(input)
  if (!parsed.success) throw new Error(`Prices are not valid: ${z.prettifyError(parsed.error)}`)
  const minChargeRao = options.minChargeRao ?? 0n
  if (minChargeRao < 0n) throw new Error('Prices are not valid: the minimum charge is negative.')
  const models = new Map<string, readonly Price[]>()
  for (const [model, rows] of Object.entries(parsed.data)) {
    const prices = rows.map((row) => parsePrice(model, row))
    const meters = new Set(prices.map((price) => price.meter))
    if (meters.size < prices.length) throw new Error(`Prices of "${model}" name a meter twice.`)
    if (meters.has(MINIMUM_METER)) throw new Error(`Prices of "${model}" use the name ${MINIMUM_METER}.`)
    models.set(model, prices)
  }
  return new PriceCatalogue(models, minChargeRao)
}

/** All prices of one version. Whoever admits a request keeps the catalogue it was admitted under until it is settled. */
export class PriceCatalogue {
  /** Sixteen hexadecimal digits of the hash of the content; the order of models and meters does not matter. */
  readonly version: string
  readonly minChargeRao: bigint
  readonly #models: ReadonlyMap<string, readonly Price[]>

  constructor(models: ReadonlyMap<string, readonly Price[]>, minChargeRao: bigint) {
    this.#models = models
    this.minChargeRao = minChargeRao
    this.version = createHash('sha256').update(canonicalText(models, minChargeRao)).digest('hex').slice(0, 16)
  }

  /** Prices of a model in the order of the file; null when it has none. */
  find(model: string): readonly Price[] | null {
    return this.#models.get(model) ?? null
  }

  /**
   * Prices units, one division per line. Meters with 0 units get no line; a price per `request` applies once when no unit for it is given.
   *
   * @throws GatewayError `internal_error` when the model or one of the meters has no price, or a unit is negative: nothing unpriced is
   *   ever dispatched or charged
   */
  priceLines(model: string, units: Units): readonly ReceiptLine[] {
    const prices = this.#models.get(model)
    if (!prices) throw unpriced(`model "${model}" has no price in version ${this.version}`)
    const lines: ReceiptLine[] = []
    let known = 0
    for (const price of prices) {
      const given = Object.hasOwn(units, price.meter) ? units[price.meter] : undefined
      if (given !== undefined) known += 1
      const count = given ?? (price.meter === REQUEST_METER ? 1n : 0n)
      if (count < 0n) throw unpriced(`${price.meter} of model "${model}" is negative`)
      if (count > 0n) lines.push({ ...price, units: count, costRao: lineCost(count, price) })
    }
    if (known < Object.keys(units).length) {
      const missing = Object.keys(units).filter((meter) => !prices.some((price) => price.meter === meter))
      throw unpriced(`model "${model}" has no price for ${missing.join(', ')}`)
    }
    const missingRao = lines.length > 0 ? this.minChargeRao - total(lines) : 0n
    if (missingRao > 0n) {
      lines.push({ meter: MINIMUM_METER, units: 1n, rao: missingRao, per: 1n, costRao: missingRao })
    }
    return lines
  }

  /** The plain form, for keeping a version beyond a change of the file: `parsePrices(json.models, …)` gives the same version. */
  toJson(): { readonly models: PriceInput; readonly minChargeRao: string } {
    const models = [...this.#models].map(([model, prices]) => [
      model,
      prices.map(({ meter, rao, per }) => ({ meter, rao: rao.toString(), per: per.toString() })),
    ])
    return { models: Object.fromEntries(models), minChargeRao: this.minChargeRao.toString() }
  }
}

/** `ceil(units * rao / per)`: a part of a rao is charged as a whole one. */
export function lineCost(units: bigint, price: Price): bigint {
  return (units * price.rao + price.per - 1n) / price.per
}

/** What the lines cost together, in rao. */
export function total(lines: readonly ReceiptLine[]): bigint {
  let sumRao = 0n
  for (const line of lines) sumRao += line.costRao
  return sumRao
}

/** The most units of one meter that `amountRao` pays for; null when they are free. */
export function affordableUnits(price: Price, amountRao: bigint): bigint | null {
  if (price.rao === 0n) return null
  return amountRao < 0n ? 0n : (amountRao * price.per) / price.rao
}

function parsePrice(model: string, row: { meter: string; rao: string; per: string }): Price {
  const rao = parseRao(row.rao)
  const per = parseRao(row.per)
  if (rao === null) throw new Error(`Price ${row.meter} of "${model}": rao is not a whole amount in rao.`)
  if (per === null || per === 0n)
    throw new Error(`Price ${row.meter} of "${model}": per is not a count from 1.`)
  return { meter: row.meter, rao, per }
}

function canonicalText(models: ReadonlyMap<string, readonly Price[]>, minChargeRao: bigint): string {
  const rows = [...models].flatMap(([model, prices]) =>
    prices.map((price) => JSON.stringify([model, price.meter, price.rao.toString(), price.per.toString()])),
  )
  return [minChargeRao.toString(), ...rows.sort()].join('\n')
}

function unpriced(why: string): GatewayError {
  return new GatewayError('internal_error', 'This request cannot be priced. It was not charged.', {
    cause: new Error(why),
  })
}
