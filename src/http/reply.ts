/** Writes answers to the raw socket: one place for headers, errors and streams. No web streams are made on this path. */
import type { ServerResponse } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
// Imported statically and before serve(): imported later it is another object, and headers are written twice.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context } from 'hono'
import { GatewayError } from '../errors.ts'
import type { HttpEnv } from './http-env.ts'
import { rateHeaders } from './rate-headers.ts'
import { discardRest } from './request-body.ts'
import { whenOver } from './running-signals.ts'
import { endConnection } from './strict-request.ts'

export type ReplyHeaders = Record<string, string>

/** Sent with every answer. Keys are in headers, never in cookies, so any web page may call with one. */
const COMMON: ReplyHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*, x-request-id, x-cost-rao, x-receipt-id, retry-after',
  'x-content-type-options': 'nosniff',
}

/** Of the admin API. */
const PRIVATE: ReplyHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Answers with a JSON value, or with JSON text as it is. */
export function replyJson(
  c: Context<HttpEnv>,
  value: unknown,
  options: { status?: number; headers?: ReplyHeaders; linger?: boolean } = {},
): Response {
  return replyBytes(c, typeof value === 'string' ? value : JSON.stringify(value), {
    ...options,
    type: 'application/json',
  })
}

/** Answers with text or bytes of the given content type. */
export function replyBytes(
  c: Context<HttpEnv>,
  content: string | Uint8Array,
  options: { type: string; status?: number; headers?: ReplyHeaders; linger?: boolean },
): Response {
  const { outgoing } = c.env
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  if (!outgoing.headersSent && !outgoing.destroyed) {
    outgoing.writeHead(options.status ?? 200, {
      ...(c.var.isPrivate ? PRIVATE : COMMON),
      'content-type': options.type,
      'content-length': bytes.length,
      'x-request-id': c.var.requestId,
      ...(c.var.rate && rateHeaders(c.var.rate)),
      ...options.headers,
    })
    const body = c.req.method === 'HEAD' ? undefined : bytes
    if (options.linger === true) {
      // The whole answer is out; ending it closes the connection, which waits until the client has stopped sending.
      if (body) outgoing.write(body)
      discardRest(c.env.incoming, () => outgoing.end())
    } else outgoing.end(body)
  }
  return RESPONSE_ALREADY_SENT
}

/** Turns anything thrown into OpenAI's error body. The one place that does. */
export function replyError(c: Context<HttpEnv>, thrown: unknown, extraHeaders: ReplyHeaders = {}): Response {
  const error = GatewayError.from(thrown)
  const headers: ReplyHeaders = { ...extraHeaders, 'x-should-retry': String(error.spec.retry) }
  const { retryAfterSeconds } = error
  if (retryAfterSeconds !== null) headers['retry-after'] = String(retryAfterSeconds)
  if (error.spec.status === 402) headers['cache-control'] = 'no-store'
  if (error.code === 'invalid_api_key') headers['www-authenticate'] = 'Bearer'
  const { incoming } = c.env
  // A body that was not read to its end would be taken for the next request on this connection.
  const hasBody =
    Number(incoming.headers['content-length'] ?? 0) > 0 || incoming.headers['transfer-encoding'] !== undefined
  const linger = hasBody && !incoming.complete
  if (linger) {
    headers.connection = 'close'
    endConnection(incoming.socket)
  }
  return replyJson(c, errorBody(error), { status: error.spec.status, headers, linger })
}

/** Says to a browser that any page may call, with any header. */
export function replyPreflight(c: Context<HttpEnv>): Response {
  c.env.outgoing.writeHead(204, {
    ...COMMON,
    'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
    'access-control-allow-headers':
      c.env.incoming.headers['access-control-request-headers'] ?? 'authorization, content-type',
    'access-control-max-age': '600',
    'x-request-id': c.var.requestId,
  })
  c.env.outgoing.end()
  return RESPONSE_ALREADY_SENT
}

/** OpenAI's envelope: all four members, always. */
export function errorBody(error: GatewayError): Record<string, unknown> {
  return {
    error: { message: error.message, type: error.spec.type, param: error.param, code: error.code },
    ...error.extra,
  }
}

/** Events that come in one turn of the loop leave in one write, up to this many characters. */
const PENDING_MAX = 64 * 1024

/** A reader that takes nothing for so long is taken for gone: what it keeps waiting is a miner's permit. */
const SLOW_READER_MS = 30_000

/** A stream of server-sent events on the raw socket. Writers wait for slow readers, but not for ever. */
export class EventStream {
  readonly #bindings: HttpBindings
  readonly #outgoing: ServerResponse
  #pending = ''
  #isScheduled = false

  private constructor(bindings: HttpBindings) {
    this.#bindings = bindings
    this.#outgoing = bindings.outgoing
  }

  /** Sends status 200 and the headers; from here on failures are told in band. */
  static open(c: Context<HttpEnv>, headers: ReplyHeaders = {}): EventStream {
    c.env.outgoing.writeHead(200, {
      ...COMMON,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // Asks buffering proxies such as nginx to pass events on as they come.
      'x-accel-buffering': 'no',
      'x-request-id': c.var.requestId,
      ...(c.var.rate && rateHeaders(c.var.rate)),
      ...headers,
    })
    return new EventStream(c.env)
  }

  /**
   * Nothing to wait for while the reader keeps up and the writer pauses by itself. A writer that has much at once lets others have the
   * event loop; one whose reader is behind waits until it has caught up or left.
   */
  write(text: string): Promise<void> | undefined {
    this.#pending += text
    const isMuch = this.#pending.length > PENDING_MAX
    if (isMuch) this.#flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(() => this.#flush())
    }
    if (!this.#outgoing.writableNeedDrain || this.#outgoing.destroyed)
      return isMuch ? new Promise((resolve) => setImmediate(resolve)) : undefined
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#outgoing.off('drain', done)
        resolve()
      }
      const timer = setTimeout(() => this.#bindings.incoming.socket.destroy(), SLOW_READER_MS)
      this.#outgoing.once('drain', done)
      whenOver(this.#bindings, done)
    })
  }

  data(payload: string): Promise<void> | undefined {
    return this.write(`data: ${payload}\n\n`)
  }

  end(): Response {
    this.#flush()
    this.#outgoing.end()
    return RESPONSE_ALREADY_SENT
  }

  #flush(): void {
    this.#isScheduled = false
    if (this.#pending === '' || this.#outgoing.destroyed) return
    this.#outgoing.write(this.#pending)
    this.#pending = ''
  }
}
