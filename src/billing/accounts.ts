/** Accounts and their keys: who may ask, and where each account is topped up. */
import { GatewayError } from '../errors.ts'
import type { Account, Accounts, Actor, KeyRecord, NewKeyRecord } from '../ports/accounts.ts'
import type { Keys } from '../ports/keys.ts'
import { createKeyDesk, type KeyDesk } from './key-desk.ts'
import { createKeyText, hashKey, prefixOf } from './key-text.ts'
import { type Principal, PrincipalCache } from './principal-cache.ts'
import type { Timing } from './timing.ts'

export type AccountServiceOptions = {
  readonly accounts: Accounts
  readonly keys: Keys
  /** Deposit address number `index` (ss58); the same index gives the same address, for ever. @throws GatewayError when there are no more */
  readonly readAddress: (index: number) => string | Promise<string>
  /** Bytes from a cryptographic source. */
  readonly random: (sizeBytes: number) => Uint8Array
  readonly timing: Pick<Timing, 'monotonicMs'>
}

/** A new key. Its text is shown once and not kept. */
export type NewKey = { readonly record: KeyRecord; readonly text: string }

export type NewKeyOptions = Partial<Pick<NewKeyRecord, 'name' | 'expiresAt' | 'rules'>> & {
  /** Default: the gateway itself. */
  readonly by?: Actor
}

export type AccountService = {
  /**
   * Opens an account with a deposit address of its own and a first key.
   *
   * @param name - 1 to 64 characters: letters, digits, `.`, `_`, `-`
   * @throws GatewayError `invalid_request` · `conflict` the name is taken
   */
  create(name: string, by?: Actor): Promise<{ readonly account: Account; readonly key: NewKey }>
  /** Adds a random key. @throws GatewayError `not_found` */
  addKey(accountId: string, options?: NewKeyOptions): Promise<NewKey>
  /** What people do with keys that there are; noticed at once in this process and within a second in others. */
  readonly keys: KeyDesk
  /** Revokes all keys of an account, at once in this process and within a second in others. @returns how many */
  revokeKeys(accountId: string): Promise<number>
  /**
   * Whose key it is. Revocations in other processes are seen within a second; a hold checks the key again, exactly.
   *
   * @param keyText - what followed `Bearer `
   * @throws GatewayError `invalid_api_key` · `queue_full` · `ledger_unavailable`
   */
  authenticate(keyText: string): Promise<Principal>
  /**
   * Makes `keyText` the only key of the account of that name, which is opened when there is none.
   *
   * @throws GatewayError `conflict` the key belongs to another account, or was replaced before
   */
  setOnlyKey(name: string, keyText: string): Promise<Principal>
}

// A revocation must be noticed within a second.
const FRESH_MS = 1_000
const ENTRIES_MAX = 10_000
const LOOKS_MAX = 256
// Longer than any key we take; an Authorization header may be 16 KB.
const KEY_CHARACTERS_MAX = 256
// Two accounts opened at once may reach for the same address; more often than this something else is wrong.
const ADDRESS_TRIES_MAX = 32
const NAME = /^[A-Za-z0-9._-]{1,64}$/

/** @returns the service; it keeps nothing but a bounded cache of keys */
export function createAccountService(options: AccountServiceOptions): AccountService {
  const { accounts, random, timing } = options
  const cache = new PrincipalCache({
    accounts,
    timing,
    freshMs: FRESH_MS,
    entriesMax: ENTRIES_MAX,
    looksMax: LOOKS_MAX,
  })
  const makeId = (start: string) => `${start}_${Buffer.from(random(16)).toString('hex')}`

  const storeKey = async (
    accountId: string,
    text: string,
    { by, ...more }: NewKeyOptions = {},
  ): Promise<NewKey> => {
    const key = { id: makeId('key'), accountId, prefix: prefixOf(text), sha256: hashKey(text), ...more }
    const record = await accounts.addKey(key, by)
    cache.forget()
    return { record, text }
  }
  const revoke = async (accountId: string, exceptSha256: string | null) => {
    const count = await accounts.revokeKeys(accountId, exceptSha256)
    cache.forget()
    return count
  }

  return {
    async create(name, by) {
      const account = await openAccount({ name, id: makeId('acc'), by }, options)
      const key = await storeKey(account.id, createKeyText(random), by && { by })
      return { account, key }
    },
    addKey: (accountId, more) => storeKey(accountId, createKeyText(random), more),
    keys: createKeyDesk({ keys: options.keys, random, makeId, forget: () => cache.forget() }),
    revokeKeys: (accountId) => revoke(accountId, null),
    async authenticate(keyText) {
      // The same work for every key of a permitted length; the comparison is one of hashes, so its time tells nothing about keys.
      const isTooLong = keyText.length > KEY_CHARACTERS_MAX
      const principal = isTooLong ? null : await cache.find(hashKey(keyText))
      if (principal) return principal
      throw new GatewayError('invalid_api_key', 'The API key is not valid, has expired or was revoked.')
    },
    async setOnlyKey(name, keyText) {
      const account =
        (await accounts.findByName(name)) ??
        (await openAccount({ name, id: makeId('acc'), by: undefined }, options))
      const sha256 = hashKey(keyText)
      const existing = await accounts.findKey(sha256)
      if (existing && (existing.accountId !== account.id || existing.revokedAt !== null)) {
        throw new GatewayError(
          'conflict',
          `This key for the account ${name} was used before. Choose another.`,
        )
      }
      const key = existing ?? (await storeKey(account.id, keyText)).record
      await revoke(account.id, sha256)
      return { account, key }
    },
  }
}

/** Takes the first deposit address that no account has. */
async function openAccount(
  { name, id, by }: { readonly name: string; readonly id: string; readonly by: Actor | undefined },
  { accounts, readAddress }: AccountServiceOptions,
): Promise<Account> {
  if (!NAME.test(name)) {
    throw new GatewayError(
      'invalid_request',
      'The name of an account is 1 to 64 letters, digits, ".", "_" or "-".',
    )
  }
  const first = (await accounts.list()).length
  for (let index = first; index < first + ADDRESS_TRIES_MAX; index += 1) {
    if (await accounts.findByName(name)) {
      throw new GatewayError('conflict', `There is an account named ${name} already.`)
    }
    try {
      return await accounts.create({ id, name, depositAddress: await readAddress(index) }, by)
    } catch (error) {
      // Taken meanwhile: the name, which the next round finds, or the address, which the next round leaves behind.
      if (!(error instanceof GatewayError && error.code === 'conflict')) throw error
    }
  }
  throw new GatewayError('conflict', 'No free deposit address was found for the account. Try again.')
}
