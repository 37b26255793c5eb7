/** The port to what people do with keys: look at them, limit, rotate and revoke them; and to the log of all such changes. */
import type { Actor, KeyRecord, NewKeyRecord } from './accounts.ts'
import type { Capability } from './capability.ts'

export const BUDGET_PERIODS = ['total', 'day', 'month'] as const

/** What a key may spend in a period. Days and months are those of UTC; what requests in flight reserve counts as spent. */
export type KeyBudget = {
  /** More than 0. */
  readonly amountRao: bigint
  readonly period: (typeof BUDGET_PERIODS)[number]
}

/** What a key is restricted to; null in a member: not restricted in that. Limits are from 1. */
export type KeyRules = {
  readonly capabilities: readonly Capability[] | null
  /** Names as they are listed. */
  readonly models: readonly string[] | null
  /** Networks that it may be used from, as CIDR (`192.0.2.0/24`, `2001:db8::/32`). */
  readonly networks: readonly string[] | null
  readonly requestsPerMinute: number | null
  readonly tokensPerMinute: number | null
  readonly raoPerMinute: bigint | null
  readonly budget: KeyBudget | null
}

/** A key as people see it. */
export type KeyListing = KeyRecord & {
  readonly createdAt: string
  /** To the minute; null: never used. */
  readonly lastUsedAt: string | null
  /** Its successor; null when it was not rotated. */
  readonly replacedBy: string | null
  /** Of the budget, in its period now; null without a budget. */
  readonly spentRao: bigint | null
}

/** What changes; a member that is not given stays. */
export type KeyChange = {
  readonly name?: string | null
  readonly expiresAt?: string | null
  readonly rules?: Partial<KeyRules>
}

export type KeyFilter = { readonly accountId: string } | { readonly keyId: string } | Record<string, never>

/** Every change writes its line of the audit log in the same transaction. Unknown keys are GatewayError `not_found`. */
export interface Keys {
  /** Oldest first. */
  list(filter: KeyFilter): Promise<readonly KeyListing[]>
  /**
   * A budget counts from when it is set; another amount keeps the count, another period starts a new one.
   *
   * @throws GatewayError `conflict` the key is revoked
   */
  change(keyId: string, change: KeyChange, by: Actor): Promise<KeyListing>
  /**
   * Adds a successor with the same name, rules and end, which takes over what was used of the limits. The old key ends after `overlapMs`,
   * or when it would have ended anyway.
   *
   * @throws GatewayError `conflict` the key is not active, or was rotated before
   */
  rotate(
    keyId: string,
    successor: Pick<NewKeyRecord, 'id' | 'prefix' | 'sha256'> & { readonly overlapMs: number },
    by: Actor,
  ): Promise<KeyListing>
  /** Ends it at once. Revoking again keeps the first time. */
  revoke(keyId: string, by: Actor): Promise<KeyListing>
}

/** One change that somebody made. */
export type AuditEntry = {
  /** Counts up; gaps mean nothing. */
  readonly number: number
  /** ISO 8601, the database's clock. */
  readonly at: string
  readonly actor: Actor
  /** Such as `key.create`. */
  readonly action: string
  /** The account or key that it was done to. */
  readonly subject: string
  /** What was set, as a JSON object. Holds no secret. */
  readonly details: Readonly<Record<string, unknown>>
}

export interface AuditLog {
  /** Newest first. `before`: only lines with a lower number. */
  list(page: { readonly limit: number; readonly before: number | null }): Promise<readonly AuditEntry[]>
}
