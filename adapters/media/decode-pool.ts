/** One or two decoding threads and a bounded queue before them. A thread that hangs, crashes or is not wanted is replaced. */
import { Worker } from 'node:worker_threads'
import { GatewayError } from '../../src/errors.ts'
import type { DecodeAnswer, DecodeJob } from './decode-messages.ts'
import { cancelled, shuttingDown } from './gate.ts'
import { describeSeconds } from './mono-sink.ts'

export type DecodePoolOptions = {
  /** The bundled or source file of `decode-main.ts`. */
  readonly entry: URL
  /** Node's own flags for the thread, such as a loader for TypeScript. */
  readonly execArgv: readonly string[]
  readonly workersMax: number
  /** Recordings that may wait; one more is `queue_full`. */
  readonly queueMax: number
  /** Of one recording, from its start in a thread: a part for every recording, and one for each megabyte of it. */
  readonly timeoutMs: number
  readonly timeoutMsPerMb: number
  /** Of a thread's JavaScript heap; sound lies outside of it and is bounded by the limit on seconds. */
  readonly heapMb: number
}

type Job = {
  readonly message: DecodeJob
  readonly signal: AbortSignal
  readonly resolve: (answer: DecodeAnswer) => void
  readonly reject: (error: Error) => void
  /** Takes the job out of the queue or the thread. */
  readonly onAbort: () => void
  timer: NodeJS.Timeout | null
}

type Seat = { readonly worker: Worker; job: Job | null }

export class DecodePool {
  readonly #options: DecodePoolOptions
  readonly #seats = new Set<Seat>()
  readonly #waiting: Job[] = []
  #isClosed = false

  constructor(options: DecodePoolOptions) {
    this.#options = options
  }

  /**
   * Decodes one recording. `message.bytes` must not change until the answer is there.
   *
   * @throws GatewayError `queue_full`, `invalid_audio` (takes too long, or the thread died of it), `client_closed_request`
   *   (or the signal's own GatewayError), `shutting_down`
   */
  run(message: DecodeJob, signal: AbortSignal): Promise<DecodeAnswer> {
    if (signal.aborted) return Promise.reject(cancelled(signal))
    if (this.#isClosed) return Promise.reject(shuttingDown())
    const isBusy = this.#idleSeat() === null && this.#seats.size >= this.#options.workersMax
    if (isBusy && this.#waiting.length >= this.#options.queueMax)
      return Promise.reject(
        new GatewayError('queue_full', 'Too many recordings are being decoded. Try again.', {
          retryAfterMs: 1000,
        }),
      )
    return new Promise((resolve, reject) => {
      const job: Job = { message, signal, resolve, reject, onAbort: () => this.#abort(job), timer: null }
      signal.addEventListener('abort', job.onAbort, { once: true })
      this.#waiting.push(job)
      this.#next()
    })
  }

  /** Ends all threads. Whoever waits gets `shutting_down`. */
  async close(): Promise<void> {
    this.#isClosed = true
    const seats = [...this.#seats]
    for (const job of this.#waiting.splice(0)) fail(job, shuttingDown())
    await Promise.all(seats.map((seat) => this.#dismiss(seat, shuttingDown())))
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const seat = this.#idleSeat() ?? (this.#seats.size < this.#options.workersMax ? this.#hire() : null)
      const job = seat ? this.#waiting.shift() : undefined
      if (!seat || !job) return
      this.#start(seat, job)
    }
  }

  #idleSeat(): Seat | null {
    for (const seat of this.#seats) if (!seat.job) return seat
    return null
  }

  #hire(): Seat {
    const worker = new Worker(this.#options.entry, {
      execArgv: [...this.#options.execArgv],
      resourceLimits: { maxOldGenerationSizeMb: this.#options.heapMb, maxYoungGenerationSizeMb: 32 },
    })
    const seat: Seat = { worker, job: null }
    this.#seats.add(seat)
    worker.on('message', (answer: DecodeAnswer) => this.#finish(seat, answer))
    worker.on('messageerror', () => void this.#dismiss(seat, crashed(null)))
    worker.on('error', (error) => void this.#dismiss(seat, crashed(error)))
    worker.on('exit', () => void this.#dismiss(seat, crashed(null)))
    return seat
  }

  #start(seat: Seat, job: Job): void {
    seat.job = job
    seat.worker.ref()
    const { length } = job.message.bytes
    const timeoutMs = Math.ceil(this.#options.timeoutMs + (length / 1e6) * this.#options.timeoutMsPerMb)
    job.timer = setTimeout(() => void this.#dismiss(seat, tooSlow(timeoutMs)), timeoutMs)
    // A copy: the slice of a Buffer would be a view of memory that is the caller’s.
    const bytes = new Uint8Array(job.message.bytes)
    seat.worker.postMessage({ ...job.message, bytes }, [bytes.buffer])
  }

  #finish(seat: Seat, answer: DecodeAnswer): void {
    const { job } = seat
    seat.job = null
    // A thread without work must not keep the process alive.
    seat.worker.unref()
    if (job) {
      release(job)
      job.resolve(answer)
    }
    this.#next()
  }

  #abort(job: Job): void {
    const index = this.#waiting.indexOf(job)
    if (index >= 0) {
      this.#waiting.splice(index, 1)
      fail(job, cancelled(job.signal))
      return
    }
    for (const seat of this.#seats) if (seat.job === job) void this.#dismiss(seat, cancelled(job.signal))
  }

  /** Ends a thread, fails its job, and lets the next one have a new thread. */
  async #dismiss(seat: Seat, error: GatewayError): Promise<void> {
    if (!this.#seats.delete(seat)) return
    const { job } = seat
    seat.job = null
    if (job) fail(job, error)
    const ended = seat.worker.terminate()
    if (!this.#isClosed) this.#next()
    await ended
  }
}

function release(job: Job): void {
  if (job.timer) clearTimeout(job.timer)
  job.signal.removeEventListener('abort', job.onAbort)
}

function fail(job: Job, error: GatewayError): void {
  release(job)
  job.reject(error)
}

function tooSlow(timeoutMs: number): GatewayError {
  return new GatewayError(
    'invalid_audio',
    `The recording could not be decoded within ${describeSeconds(Math.round(timeoutMs / 100) / 10)}.`,
  )
}

function crashed(cause: unknown): GatewayError {
  const isMemory = cause instanceof Error && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
  const message = isMemory
    ? 'The recording takes more memory to decode than it may.'
    : 'The recording is damaged: the decoder failed on it.'
  return new GatewayError('invalid_audio', message, { cause })
}
