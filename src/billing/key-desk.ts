/** What people do with keys: each change is written with its line of the audit log, and forgotten keys are looked up anew. */
import type { Actor } from '../ports/accounts.ts'
import type { KeyChange, KeyFilter, KeyListing, Keys } from '../ports/keys.ts'
import { createKeyText, hashKey, prefixOf } from './key-text.ts'

export type KeyDesk = {
  list(filter: KeyFilter): Promise<readonly KeyListing[]>
  /** @throws GatewayError as `Keys.change` */
  change(keyId: string, change: KeyChange, by: Actor): Promise<KeyListing>
  /** Its text is shown once and not kept. @throws GatewayError as `Keys.rotate` */
  rotate(
    keyId: string,
    overlapMs: number,
    by: Actor,
  ): Promise<{ readonly key: KeyListing; readonly text: string }>
  /** @throws GatewayError as `Keys.revoke` */
  revoke(keyId: string, by: Actor): Promise<KeyListing>
}

export type KeyDeskOptions = {
  readonly keys: Keys
  /** Bytes from a cryptographic source. */
  readonly random: (sizeBytes: number) => Uint8Array
  readonly makeId: (start: string) => string
  /** Called after each change. */
  readonly forget: () => void
}

export function createKeyDesk({ keys, random, makeId, forget }: KeyDeskOptions): KeyDesk {
  const changed = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work
    forget()
    return result
  }
  return {
    list: (filter) => keys.list(filter),
    change: (keyId, change, by) => changed(keys.change(keyId, change, by)),
    async rotate(keyId, overlapMs, by) {
      const text = createKeyText(random)
      const successor = { id: makeId('key'), prefix: prefixOf(text), sha256: hashKey(text), overlapMs }
      return { key: await changed(keys.rotate(keyId, successor, by)), text }
    },
    revoke: (keyId, by) => changed(keys.revoke(keyId, by)),
  }
}
