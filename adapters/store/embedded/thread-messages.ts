/** What the gateway's thread and the database's thread say to each other. */

/** Given to the thread when it starts. */
export type ThreadSettings = {
  /** Absolute path of the database's own directory. */
  readonly databaseDirectory: string
  /** Where the packed template lies or shall be written; null to do without. */
  readonly templateFile: string | null
  readonly idleTransactionMs: number
}

export type ToThread =
  | { readonly kind: 'connect'; readonly id: number }
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'close' }

export type FromThread =
  | { readonly kind: 'ready' }
  /** Bytes for one connection; null: the database has closed it. */
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array | null }
  | { readonly kind: 'closed' }
  /** The database cannot be used any more. */
  | { readonly kind: 'failed'; readonly message: string }

/** A copy that owns its memory: posting a view would copy all of the buffer that it looks into. */
export const ownBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
