/** Lets a few tasks run at once and a bounded number wait. */
import { GatewayError } from '../../src/errors.ts'

type Waiting = { readonly start: () => void; readonly fail: (error: GatewayError) => void }

export class Gate {
  readonly #openMax: number
  readonly #queueMax: number
  readonly #waiting = new Set<Waiting>()
  #open = 0
  #isClosed = false

  constructor(options: { readonly openMax: number; readonly queueMax: number }) {
    this.#openMax = options.openMax
    this.#queueMax = options.queueMax
  }

  /**
   * Runs the task when its turn comes. A task that cannot be stopped keeps its place until it ends, also after an abort.
   *
   * @throws GatewayError `queue_full`, `client_closed_request` (or the signal's own GatewayError), `shutting_down`
   */
  async pass<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) throw cancelled(signal)
    if (this.#isClosed) throw shuttingDown()
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(waiting)
        reject(cancelled(signal))
      }
      const end = () => signal.removeEventListener('abort', onAbort)
      const waiting: Waiting = {
        start: () => {
          this.#open += 1
          task()
            .then(resolve, reject)
            .finally(() => {
              end()
              this.#open -= 1
              this.#next()
            })
        },
        fail: (error) => {
          end()
          reject(error)
        },
      }
      if (this.#open >= this.#openMax && this.#waiting.size >= this.#queueMax) {
        reject(
          new GatewayError('queue_full', 'Too many pictures are being read. Try again.', {
            retryAfterMs: 1000,
          }),
        )
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.add(waiting)
      this.#next()
    })
  }

  /** Refuses who waits and who comes; what runs goes on to its end. */
  close(): void {
    this.#isClosed = true
    for (const waiting of this.#waiting) waiting.fail(shuttingDown())
    this.#waiting.clear()
  }

  #next(): void {
    for (const waiting of this.#waiting) {
      if (this.#open >= this.#openMax) return
      this.#waiting.delete(waiting)
      waiting.start()
    }
  }
}

/** What a cancelled caller gets: the signal's own error when it is one of ours. */
export function cancelled(signal: AbortSignal): GatewayError {
  if (signal.reason instanceof GatewayError) return signal.reason
  return new GatewayError('client_closed_request', 'The request was cancelled.', { cause: signal.reason })
}

export function shuttingDown(): GatewayError {
  return new GatewayError('shutting_down', 'The gateway is shutting down. Try again.')
}
