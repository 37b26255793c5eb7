/** The port to what is kept: one database behind several narrow ports. */
import type { Accounts } from './accounts.ts'
import type { FencedDeposits, Fleet, Leases } from './fleet.ts'
import type { AuditLog, Keys } from './keys.ts'
import type { Ledger } from './ledger.ts'
import type { RateLimits } from './limits.ts'
import type { Retention } from './retention.ts'
import type { Runs } from './runs.ts'
import type { MinerSightings } from './sightings.ts'

/** A stored file of a caller. The bytes lie with the `Blobs`. */
export type StoredFile = {
  /** `file-…`. */
  readonly id: string
  readonly accountId: string
  readonly fileName: string
  readonly purpose: string
  readonly mime: string
  readonly sizeBytes: number
  readonly sha256: string
  /** Width and height of a picture, seconds of a recording; null where not known. */
  readonly width: number | null
  readonly height: number | null
  readonly durationSeconds: number | null
  readonly createdAt: string
}

export interface Files {
  add(file: StoredFile): Promise<void>
  /** Null when it does not exist or belongs to another account. */
  find(fileId: string, accountId: string): Promise<StoredFile | null>
  list(accountId: string, limit: number): Promise<readonly StoredFile[]>
  /** Bytes of all files of the account. */
  sumBytes(accountId: string): Promise<number>
  /** @returns false when there was none */
  remove(fileId: string, accountId: string): Promise<boolean>
}

/** Small documents by name, replaced as a whole: snapshots of subnets, price catalogues, miner health. */
export interface Documents {
  read(name: string): Promise<{ readonly json: unknown; readonly writtenAt: string } | null>
  write(name: string, json: unknown): Promise<void>
  /** Writes it unless there is one. @returns what is there then, the same for all who ask at once */
  writeFirst(name: string, json: unknown): Promise<unknown>
}

export type StoreState = {
  /** Such as `pglite in <data directory>` or `postgres`. Holds no secret. */
  readonly kind: string
  readonly serving: boolean
  readonly problem: string | null
}

/** What is kept of customers: their money, their keys, and who changed what. */
export interface CustomerStore {
  readonly ledger: Ledger
  readonly deposits: FencedDeposits
  readonly accounts: Accounts
  readonly keys: Keys
  readonly audit: AuditLog
  /** Of keys; used where there is no faster keeper of them. */
  readonly limits: RateLimits
}

/** What is kept of their work, and what goes of it after a time. */
export interface WorkStore {
  readonly runs: Runs
  readonly files: Files
  readonly documents: Documents
  readonly retention: Retention
}

export interface Store extends CustomerStore, WorkStore {
  readonly fleet: Fleet
  readonly leases: Leases
  readonly sightings: MinerSightings
  /** Lifecycle apart from what is stored. */
  readonly lifecycle: {
    state(): StoreState
    /** One trivial statement, to prove that it serves. @throws GatewayError `ledger_unavailable` */
    ping(): Promise<void>
    close(): Promise<void>
  }
}

/** Binary content by opaque key (`[a-z0-9_-]+`), durable when `write` resolves. */
export interface Blobs {
  write(key: string, bytes: Uint8Array): Promise<void>
  /** @throws GatewayError `not_found` */
  read(key: string): Promise<Uint8Array>
  remove(key: string): Promise<void>
  /**
   * Keys of content that was written longer ago than that, in batches of at most 200, for whoever looks for content that nobody names.
   * What a crash left half-written is removed on the way.
   */
  listOld(ageMs: number): AsyncIterable<readonly string[]>
}
