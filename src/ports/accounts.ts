/** The port to accounts and their keys. */
import type { KeyRules } from './keys.ts'

export type Account = {
  /** `acc_…`. */
  readonly id: string
  readonly name: string
  /** ss58 address whose finalised transfers are credited to this account. */
  readonly depositAddress: string
  /** ISO 8601. */
  readonly createdAt: string
}

/** What a key may do and whose it is. The key's text is never stored, only its SHA-256. */
export type KeyRecord = {
  /** `key_…`. */
  readonly id: string
  readonly accountId: string
  /** First characters of the key, for people to tell keys apart. */
  readonly prefix: string
  /** What people call it; null when it has no name. */
  readonly name: string | null
  /** By the database's clock, when it was read. */
  readonly status: 'active' | 'expired' | 'revoked'
  readonly revokedAt: string | null
  /** ISO 8601; null: it does not expire. */
  readonly expiresAt: string | null
  /** Under which its limits are counted: the id of the first key of a rotation, so that a successor takes over what was used. */
  readonly limitId: string
  /** Null when nothing is restricted, which costs a request nothing. */
  readonly rules: KeyRules | null
}

/** A key to be stored, by the hex SHA-256 of its whole text. */
export type NewKeyRecord = {
  readonly id: string
  readonly accountId: string
  readonly prefix: string
  readonly sha256: string
  readonly name?: string | null
  readonly expiresAt?: string | null
  readonly rules?: KeyRules | null
}

/** Who makes a change, for the audit log. */
export type Actor = {
  /** As they call themselves. */
  readonly name: string
  /** The address that the request came from; null for the gateway itself. */
  readonly address: string | null
}

/** Every change writes its line of the audit log in the same transaction, under the actor given or else as the gateway's own. */
export interface Accounts {
  /** @throws GatewayError `conflict` when the name or the deposit address is taken */
  create(
    account: { readonly id: string; readonly name: string; readonly depositAddress: string },
    by?: Actor,
  ): Promise<Account>
  findByName(name: string): Promise<Account | null>
  get(accountId: string): Promise<Account>
  list(): Promise<readonly Account[]>
  /** @throws GatewayError `not_found` the account · `conflict` the key exists */
  addKey(key: NewKeyRecord, by?: Actor): Promise<KeyRecord>
  /** Also notes, to the minute, that a key which is active was used. */
  findKey(sha256: string): Promise<KeyRecord | null>
  /** Revokes all keys of the account but `exceptSha256`. @returns how many */
  revokeKeys(accountId: string, exceptSha256: string | null, by?: Actor): Promise<number>
}
