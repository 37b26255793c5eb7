/** The port to accounts and their keys. */

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
  readonly revokedAt: string | null
}

export interface Accounts {
  /** @throws GatewayError `conflict` when the name or the deposit address is taken */
  create(account: {
    readonly id: string
    readonly name: string
    readonly depositAddress: string
  }): Promise<Account>
  findByName(name: string): Promise<Account | null>
  get(accountId: string): Promise<Account>
  list(): Promise<readonly Account[]>
  /** Stores a key by the hex SHA-256 of its whole text. */
  addKey(key: {
    readonly id: string
    readonly accountId: string
    readonly prefix: string
    readonly sha256: string
  }): Promise<KeyRecord>
  findKey(sha256: string): Promise<KeyRecord | null>
  /** Revokes all keys of the account but `exceptSha256`. @returns how many */
  revokeKeys(accountId: string, exceptSha256: string | null): Promise<number>
}
