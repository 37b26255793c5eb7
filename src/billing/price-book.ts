/** Keeps every price catalogue that was ever in force, so that a run is charged by the one it was admitted under, over restarts too. */
import { z } from 'zod'
import type { Documents } from '../ports/store.ts'
import { parseRao } from '../units.ts'
import { type PriceCatalogue, parsePrices } from './prices.ts'

export type PriceBook = {
  /** The catalogue for what is admitted now. */
  readonly current: PriceCatalogue
  /** An earlier catalogue by its version; null when it was never in force here. @throws Error when what is stored is not that version */
  find(version: string): Promise<PriceCatalogue | null>
}

// More versions than change while one run lives.
const REMEMBERED_MAX = 32

const storedSchema = z.object({ models: z.unknown(), minChargeRao: z.string() })

/** Stores `current` if it is new. @throws GatewayError `ledger_unavailable` when it cannot be stored: nothing may be admitted by it then */
export async function openPriceBook(documents: Documents, current: PriceCatalogue): Promise<PriceBook> {
  const name = documentName(current.version)
  if ((await documents.read(name)) === null) await documents.write(name, current.toJson())
  const remembered = new Map([[current.version, current]])
  return {
    current,
    async find(version) {
      const known = remembered.get(version)
      if (known) return known
      const document = await documents.read(documentName(version))
      if (document === null) return null
      const catalogue = parseStored(document.json)
      if (catalogue.version !== version) {
        throw new Error(`The stored prices ${version} are those of ${catalogue.version}.`)
      }
      if (remembered.size < REMEMBERED_MAX) remembered.set(version, catalogue)
      return catalogue
    },
  }
}

function documentName(version: string): string {
  return `prices-${version}`
}

function parseStored(json: unknown): PriceCatalogue {
  const stored = storedSchema.parse(json)
  return parsePrices(stored.models, { minChargeRao: parseRao(stored.minChargeRao) ?? 0n })
}
