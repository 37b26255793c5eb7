/** Reads storage at one block, many values at once. Keys are made, and values decoded, as the runtime's metadata says. */
import type { StorageEntry } from '@polkadot/types/primitive/types'
import { z } from 'zod'
import { readHex } from './metagraph-call.ts'
import type { RuntimeView } from './runtime.ts'
import type { Transport } from './transport.ts'

/** Values that one request asks for. Nodes limit the size of a message, not this. */
const KEYS_PER_REQUEST = 250

const changeSets = z
  .array(z.object({ changes: z.array(z.tuple([z.string(), z.string().nullable()])) }))
  .min(1)

/** What a key needs: account bytes, a uid. */
type KeyPart = number | Uint8Array

export class Storage {
  readonly #transport: Transport
  readonly #view: RuntimeView
  readonly #blockHash: string
  readonly #entries: Readonly<Record<string, StorageEntry>>

  private constructor(
    transport: Transport,
    at: { readonly view: RuntimeView; readonly blockHash: string },
    entries: Readonly<Record<string, StorageEntry>>,
  ) {
    this.#transport = transport
    this.#view = at.view
    this.#blockHash = at.blockHash
    this.#entries = entries
  }

  /** @param pallet - in camel case, such as `subtensorModule` */
  static async of(
    transport: Transport,
    pallet: string,
    at: { readonly view: RuntimeView; readonly blockHash: string },
  ): Promise<Storage> {
    const { expandMetadata } = await import('@polkadot/types')
    const { query } = expandMetadata(at.view.registry, at.view.metadata)
    return new Storage(transport, at, query[pallet] ?? {})
  }

  /** Whether the runtime has such an item. */
  has(item: string): boolean {
    return item in this.#entries
  }

  /**
   * Values of an item at several keys, in their order; the item's default where nothing is stored, null where it has none.
   *
   * @param item - in camel case, such as `incentive`
   * @throws Error when the runtime has no such item
   */
  async readMany(item: string, keys: readonly (readonly KeyPart[])[]): Promise<unknown[]> {
    const entry = this.#entries[item]
    if (!entry) throw new Error(`The runtime has no storage ${item}.`)
    const hexKeys = keys.map((parts) => encodeKey(entry, parts))
    const stored = new Map<string, string | null>()
    for (let start = 0; start < hexKeys.length; start += KEYS_PER_REQUEST) {
      const page = hexKeys.slice(start, start + KEYS_PER_REQUEST)
      const answer = await this.#transport.call('state_queryStorageAt', [page, this.#blockHash])
      for (const { changes } of changeSets.parse(answer)) {
        for (const [key, value] of changes) stored.set(key, value)
      }
    }
    return hexKeys.map((key) => this.#decode(entry, stored.get(key) ?? null))
  }

  async read(item: string, ...parts: readonly KeyPart[]): Promise<unknown> {
    const [value] = await this.readMany(item, [parts])
    return value
  }

  #decode({ meta }: StorageEntry, value: string | null): unknown {
    const type = meta.type.isPlain ? meta.type.asPlain : meta.type.asMap.value
    if (value !== null) return this.#view.decoder.decode(type.toNumber(), readHex(value))
    return meta.modifier.isOptional
      ? null
      : this.#view.decoder.decode(type.toNumber(), meta.fallback.toU8a(true))
  }
}

function encodeKey(entry: StorageEntry, parts: readonly KeyPart[]): string {
  const withLength = entry(...parts)
  // The library puts the key's length in front, in compact form.
  const prefixBytes = { 0: 1, 1: 2, 2: 4 }[(withLength[0] ?? 0) & 3] ?? 5
  return `0x${Buffer.from(withLength.subarray(prefixBytes)).toString('hex')}`
}
