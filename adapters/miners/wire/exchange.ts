/**
 * One HTTP exchange with a miner, from the first byte out to the last byte in: time-outs, byte limits, status, abort.
 *
 * One timer per exchange watches all phases: a chunk only notes the time. What arrives goes to a sink; the first failure wins and
 * breaks off the connection, a finished answer lets a short rest run out, so that the connection can be used again.
 */
import type { Dispatcher } from 'undici'
import { GatewayError } from '../../../src/errors.ts'
import { minerError, parseRetryAfter, reasonOfStatus, refusalError } from './failure.ts'
import { freeSlot, type Place } from './origins.ts'

/** Where the body of a 2xx answer goes. */
export interface Sink {
  /** The head has come. @returns the error when such an answer cannot be valid, else null */
  head(contentType: string): GatewayError | null
  /** @returns false to pause until `resume` */
  data(chunk: Buffer): boolean
  /** The body has ended properly. */
  end(): void
  /** Called at most once, and never after `finish`. */
  fail(error: GatewayError): void
}

export type ExchangeOptions = {
  readonly timeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly stallTimeoutMs: number
  readonly bytesMax: number
  readonly signal: AbortSignal
  /** Unix time, to read dates in `Retry-After`. */
  readonly nowMs: () => number
}

export type OutgoingRequest = {
  /** Exactly as it is sent and signed. */
  readonly path: string
  /** Name, value, name, value … */
  readonly headers: string[]
  readonly body: Uint8Array
}

const DRAIN_MS = 1_000
const DRAIN_BYTES_MAX = 65_536
const REFUSAL_BYTES_MAX = 65_536
const TIMER_EARLY_MS = 1 // Node's timers may fire this much before their time.

/** `waiting` for the head · `answering` · `refused`: reading why · `draining`: settled, the rest may run out · `closed` */
type Phase = 'waiting' | 'answering' | 'refused' | 'draining' | 'closed'

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #place: Place
  readonly #sink: Sink
  readonly #options: ExchangeOptions
  readonly #onAbort: () => void
  readonly #startedAt = performance.now()
  #phase: Phase = 'waiting'
  #controller: Dispatcher.DispatchController | null = null
  #timer: NodeJS.Timeout
  #isAnswered = false
  #lastByteAt = 0
  #bytes = 0
  #refusal: { readonly status: number; readonly chunks: Buffer[] } | null = null

  /** Takes over the place: it is given back when the connection is free or gone. */
  constructor(place: Place, sink: Sink, options: ExchangeOptions) {
    this.#place = place
    this.#sink = sink
    this.#options = options
    this.#onAbort = () => this.fail(abortError(options.signal))
    this.#timer = setTimeout(checkTime, Math.min(options.firstByteTimeoutMs, options.timeoutMs), this)
    options.signal.addEventListener('abort', this.#onAbort)
  }

  /** Sends the request, unless the call was given up meanwhile. */
  send({ path, headers, body }: OutgoingRequest): void {
    if (this.#isSettled()) this.#close()
    else this.#place.origin.pool.dispatch({ path, method: 'POST', headers, body, blocking: false }, this)
  }

  /** Says that what the first-byte time-out waits for has come. */
  answered(): void {
    this.#isAnswered = true
  }

  /** Settles well before the body's end; the rest may run out. */
  finish(): void {
    if (this.#isSettled()) return
    this.#settle()
    this.#drain()
  }

  /** Settles badly and breaks off the connection. Without effect once settled. */
  fail(error: GatewayError): void {
    if (this.#isSettled()) return
    this.#settle()
    this.#phase = 'draining'
    this.#controller?.abort(error)
    this.#sink.fail(error)
  }

  /** Goes on after a pause. */
  resume(): void {
    this.#lastByteAt = performance.now()
    this.#controller?.resume()
  }

  /** For the timer alone: fails what is late, else sets the timer anew. */
  checkTime(): void {
    if (this.#isSettled()) {
      this.#controller?.abort(new Error('the rest of the answer did not end'))
      return
    }
    const { timeoutMs, firstByteTimeoutMs, stallTimeoutMs } = this.#options
    const now = performance.now() + TIMER_EARLY_MS
    const leftMs = timeoutMs - (now - this.#startedAt)
    const firstByteLeftMs = firstByteTimeoutMs - (now - this.#startedAt)
    const stallLeftMs = this.#controller?.paused ? stallTimeoutMs : stallTimeoutMs - (now - this.#lastByteAt)
    if (leftMs <= 0) this.fail(minerError('slow', `no end after ${timeoutMs} ms`))
    else if (!this.#isAnswered && firstByteLeftMs <= 0) {
      const reason = this.#controller ? 'slow' : 'unreachable'
      this.fail(minerError(reason, `no answer after ${firstByteTimeoutMs} ms`))
    } else if (this.#isAnswered && stallLeftMs <= 0) {
      this.fail(minerError('slow', `silent for ${stallTimeoutMs} ms`))
    } else {
      const nextMs = Math.min(leftMs, this.#isAnswered ? stallLeftMs : firstByteLeftMs)
      this.#timer = setTimeout(checkTime, nextMs + TIMER_EARLY_MS, this)
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection: throwing here keeps it from being sent and the connection alive.
    if (this.#isSettled()) throw new Error('given up before it was sent')
    this.#controller = controller
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#isSettled()) return
    this.#lastByteAt = performance.now()
    if (status >= 300) {
      this.#refuse(status, headers['retry-after'])
      return
    }
    const encoding = headers['content-encoding'] ?? 'identity'
    const type = headers['content-type']
    const error =
      encoding === 'identity'
        ? this.#sink.head(typeof type === 'string' ? type.toLowerCase() : '')
        : minerError('garbage', 'content-encoding, which was not asked for', { status })
    if (error) this.fail(error)
    else this.#phase = 'answering'
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#phase === 'answering') {
      this.#lastByteAt = performance.now()
      if (this.#bytes > this.#options.bytesMax) {
        this.fail(minerError('garbage', `longer than ${this.#options.bytesMax} bytes`))
      } else if (!this.#sink.data(chunk)) {
        controller.pause()
      }
    } else if (this.#phase === 'refused' && this.#refusal) {
      this.#refusal.chunks.push(chunk)
      if (this.#bytes > REFUSAL_BYTES_MAX) this.fail(this.#refusalError())
    } else if (this.#bytes > DRAIN_BYTES_MAX) {
      controller.abort(new Error('too much after the end'))
    }
  }

  onResponseEnd(): void {
    const phase = this.#phase
    if (!this.#isSettled()) this.#settle()
    this.#close()
    if (phase === 'answering') this.#sink.end()
    else if (phase === 'refused') this.#sink.fail(this.#refusalError())
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#isSettled()) {
      this.#settle()
      const reason = this.#controller ? reasonOfBreak(error) : 'unreachable'
      this.#sink.fail(minerError(reason, error.message, { cause: error }))
    }
    this.#close()
  }

  #refuse(status: number, retryAfter: unknown): void {
    const reason = reasonOfStatus(status)
    if (reason === 'refused') {
      this.#isAnswered = true
      this.#phase = 'refused'
      this.#refusal = { status, chunks: [] }
      return
    }
    const retryAfterMs = parseRetryAfter(retryAfter, this.#options.nowMs())
    this.#settle()
    this.#drain()
    this.#sink.fail(
      minerError(
        reason,
        `HTTP ${status}`,
        retryAfterMs === undefined ? { status } : { status, retryAfterMs },
      ),
    )
  }

  #refusalError(): GatewayError {
    const { status, chunks } = this.#refusal ?? { status: 400, chunks: [] }
    return refusalError(status, Buffer.concat(chunks))
  }

  #isSettled(): boolean {
    return this.#phase === 'draining' || this.#phase === 'closed'
  }

  #settle(): void {
    clearTimeout(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#onAbort)
  }

  #drain(): void {
    this.#phase = 'draining'
    this.#bytes = 0
    this.#timer = setTimeout(checkTime, DRAIN_MS, this)
    if (this.#controller?.paused) this.#controller.resume()
  }

  #close(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    clearTimeout(this.#timer)
    freeSlot(this.#place)
  }
}

function checkTime(exchange: Exchange): void {
  exchange.checkTime()
}

/** The error of a call that the gateway itself gave up: the signal's own when it is ours. */
export function abortError(signal: AbortSignal): GatewayError {
  const reason: unknown = signal.reason
  if (reason instanceof GatewayError) return reason
  return new GatewayError('client_closed_request', 'The request was cancelled.', { cause: reason })
}

/** undici's codes for what is not HTTP; everything else after the request was sent is a broken connection. */
function reasonOfBreak(error: Error): 'garbage' | 'cut' {
  const code = 'code' in error ? error.code : undefined
  return code === 'UND_ERR_HEADERS_OVERFLOW' || error.name === 'HTTPParserError' ? 'garbage' : 'cut'
}
