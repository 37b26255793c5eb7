/**
 * A streamed chat: the data payloads of a miner's event stream as an async iterable, with back-pressure and a truthful end.
 *
 * The answer is handed out when the first payload with content has come: until then every failure is the attempt's and another miner can
 * be tried. Preamble (role-only and empty chunks) is kept and delivered first.
 */
import type { GatewayError } from '../../../src/errors.ts'
import type { ChatStreamAnswer } from '../../../src/ports/miner.ts'
import { hasContent, hasFinish, inBandError } from './chunk.ts'
import { abortError, Exchange, type ExchangeOptions, type OutgoingRequest, type Sink } from './exchange.ts'
import { minerError } from './failure.ts'
import type { Place } from './origins.ts'
import { EventLines } from './sse.ts'

const PREAMBLE_MAX = 64 // Chunks without content; after so many the answer is handed out as it is.
const QUEUE_CHARS_MAX = 262_144 // Of unread payloads, before the miner is made to wait.
const TAIL_LENGTH = 3 // A finish reason comes last or next to last (before usage).

type Result = IteratorResult<string, undefined>
type Waiter = { readonly resolve: (result: Result) => void; readonly reject: (error: GatewayError) => void }
type Opened = {
  readonly resolve: (answer: ChatStreamAnswer) => void
  readonly reject: (e: GatewayError) => void
}

/** Sends the request and resolves with its stream once content has come. @throws GatewayError as the port says */
export function openStream(
  place: Place,
  request: OutgoingRequest,
  options: ExchangeOptions & { readonly lineBytesMax: number },
): Promise<ChatStreamAnswer> {
  return new Promise((resolve, reject) => {
    const stream = new PayloadStream({ resolve, reject }, options)
    const exchange = new Exchange(place, stream, options)
    stream.start(exchange)
    exchange.send(request)
  })
}

class PayloadStream implements Sink, AsyncIterator<string, undefined> {
  readonly #lines: EventLines
  readonly #signal: AbortSignal
  #exchange: Exchange | null = null
  #opened: Opened | null
  #queue: string[] = []
  #read = 0
  #queuedChars = 0
  #isPaused = false
  #tail: string[] = []
  #count = 0
  #hasEnded = false
  #error: GatewayError | null = null
  #waiter: Waiter | null = null

  constructor(opened: Opened, options: { readonly lineBytesMax: number; readonly signal: AbortSignal }) {
    this.#opened = opened
    this.#signal = options.signal
    this.#lines = new EventLines(options.lineBytesMax, (payload) => this.#take(payload))
  }

  start(exchange: Exchange): void {
    this.#exchange = exchange
  }

  head(contentType: string): GatewayError | null {
    const isOther = contentType.startsWith('application/json') || contentType.startsWith('text/html')
    return isOther ? minerError('garbage', `${contentType.slice(0, 80)} instead of an event stream`) : null
  }

  data(chunk: Buffer): boolean {
    if (!this.#lines.push(chunk)) this.#garbage('a line is too long')
    this.#isPaused = this.#queuedChars > QUEUE_CHARS_MAX && !this.#hasEnded
    return !this.#isPaused
  }

  end(): void {
    if (this.#hasEnded) return
    this.#lines.end()
    if (this.#hasEnded) return
    if (this.#opened) this.#settle(minerError('garbage', 'the stream ended without content'))
    else if (this.#tail.some(hasFinish)) this.#settle(null)
    else this.#settle(minerError('cut', 'the stream ended without [DONE] and without a finish reason'))
  }

  fail(error: GatewayError): void {
    if (this.#signal.aborted) this.#queue = [] // Given up: what is still here is not wanted.
    this.#settle(error)
  }

  next(): Promise<Result> {
    const payload = this.#queue[this.#read]
    if (payload !== undefined) return Promise.resolve(this.#shift(payload))
    if (this.#error) return Promise.reject(this.#error)
    if (this.#hasEnded) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject }
    })
  }

  /** The reader leaves early: the call is broken off. */
  return(): Promise<Result> {
    this.#queue = []
    this.#settle(null)
    this.#exchange?.fail(abortError(this.#signal))
    return Promise.resolve({ value: undefined, done: true })
  }

  #take(payload: string): void {
    if (this.#hasEnded) return
    if (payload === '[DONE]') this.#takeDone()
    else if (!payload.startsWith('{') || !payload.endsWith('}')) this.#garbage('not a JSON object')
    else if (this.#opened || payload.includes('"error"')) this.#takeChecked(payload, parse(payload))
    else this.#enqueue(payload)
  }

  #takeChecked(payload: string, chunk: unknown): void {
    const error = chunk === undefined ? minerError('garbage', 'not JSON') : inBandError(chunk)
    if (error) {
      this.#exchange?.fail(error)
      return
    }
    this.#enqueue(payload)
    if (this.#opened && (hasContent(chunk) || this.#queue.length >= PREAMBLE_MAX)) this.#open(this.#opened)
  }

  #takeDone(): void {
    if (this.#opened) {
      this.#garbage('[DONE] without content')
      return
    }
    this.#exchange?.finish()
    this.#settle(null)
  }

  #open(opened: Opened): void {
    this.#opened = null
    this.#exchange?.answered()
    opened.resolve({ kind: 'chat-stream', payloads: { [Symbol.asyncIterator]: () => this } })
  }

  #enqueue(payload: string): void {
    this.#tail[this.#count % TAIL_LENGTH] = payload
    this.#count += 1
    if (this.#waiter) {
      const { resolve } = this.#waiter
      this.#waiter = null
      resolve({ value: payload, done: false })
    } else {
      this.#queue.push(payload)
      this.#queuedChars += payload.length
    }
  }

  #shift(payload: string): Result {
    this.#read += 1
    this.#queuedChars -= payload.length
    if (this.#read === this.#queue.length) {
      this.#queue = []
      this.#read = 0
    }
    if (this.#isPaused && this.#queuedChars < QUEUE_CHARS_MAX / 4) {
      this.#isPaused = false
      this.#exchange?.resume()
    }
    return { value: payload, done: false }
  }

  #garbage(detail: string): void {
    this.#exchange?.fail(minerError('garbage', detail))
  }

  #settle(error: GatewayError | null): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#error = error
    const waiter = this.#waiter
    this.#waiter = null
    if (this.#opened && error) this.#opened.reject(error)
    this.#opened = null
    if (!waiter) return
    if (error) waiter.reject(error)
    else waiter.resolve({ value: undefined, done: true })
  }
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined // Told apart by the caller: JSON has no undefined.
  }
}
