/** Copies of the whole store as they are made: the bytes of a backup, and the journal as lines of JSON. */
import { once } from 'node:events'
// Imported statically and before serve(), as in reply.ts.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import type { HttpEnv } from './http-env.ts'

/** Hands over bytes in order; `write` resolves when more may come, and rejects when the reader has left. */
export type WriteCopy = (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>

export type AdminCopies = { readonly backup: WriteCopy; readonly exportLedger: WriteCopy }

export function adminCopiesApp({ backup, exportLedger }: AdminCopies) {
  const app = new Hono<HttpEnv>()
  app.get('/backup', (c) => stream(c, { copy: backup, type: 'application/gzip' }))
  app.get('/ledger/export', (c) => stream(c, { copy: exportLedger, type: 'application/x-ndjson' }))
  return app
}

/** What fails before the first byte is an error as any other; afterwards the connection is cut, so that nobody takes a part for the whole. */
async function stream(
  c: Context<HttpEnv>,
  { copy, type }: { readonly copy: WriteCopy; readonly type: string },
): Promise<Response> {
  const { outgoing } = c.env
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  try {
    await copy(async (bytes) => {
      if (!outgoing.headersSent)
        outgoing.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' })
      if (outgoing.destroyed) throw new Error('the reader has left')
      if (!outgoing.write(bytes)) await once(outgoing, 'drain', { signal: gone.signal })
    })
  } catch (error) {
    if (gone.signal.aborted) return RESPONSE_ALREADY_SENT
    if (outgoing.headersSent) outgoing.destroy()
    // Told to the log, and to the reader when that is still possible.
    throw error
  }
  if (!outgoing.headersSent) outgoing.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' })
  outgoing.end()
  return RESPONSE_ALREADY_SENT
}
