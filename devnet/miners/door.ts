/** A door is a miner's side of a dialect: what is asked for, who asks, and how an answer goes back. */
import type { IncomingHttpHeaders } from 'node:http'

export type WorkKind = 'chat' | 'speech' | 'images'

/** The head of a request. */
export type Knock = {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
}

/** A request that is not let in. */
export class DoorRefusal extends Error {
  override readonly name = 'DoorRefusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Door {
  /** @throws DoorRefusal 404 for a path that is none of this door's */
  find(target: string): WorkKind
  /** Checks all that can be checked before the body is read. @throws DoorRefusal */
  checkHead(knock: Knock): void
  /** Checks the rest, in the protocol's order. @throws DoorRefusal */
  checkBody(knock: Knock, body: Buffer): void
  /** The request within the body. @throws DoorRefusal 400 */
  unwrap(body: Buffer): Buffer
  /** What goes around a whole answer. */
  wrap(json: string): string
  /** The body of a refusal. */
  refuse(refusal: { readonly status: number; readonly message: string; readonly code: string | null }): string
}

/** The first value of a header; empty when it is absent. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}
