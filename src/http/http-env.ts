/** What every handler finds in its context. */
import type { HttpBindings } from '@hono/node-server'
import type { KeyRecord } from '../ports/accounts.ts'

export type HttpEnv = {
  Bindings: HttpBindings
  Variables: {
    /** `req_…`; sent as `x-request-id`, part of the hold's id, and kept on the receipt. */
    requestId: string
    /** The caller's key; set behind authentication only. */
    key: KeyRecord
  }
}
