/** Abort signals of running requests: fired when the client leaves, when a request takes too long, or when a drain is over. */
import type { HttpBindings } from '@hono/node-server'
import { GatewayError } from '../errors.ts'

export class RunningSignals {
  readonly #requestTimeoutMs: number
  readonly #controllers = new Set<AbortController>()

  /** @param options.requestTimeoutMs - of one request, waiting and all attempts included */
  constructor(options: { readonly requestTimeoutMs: number }) {
    this.#requestTimeoutMs = options.requestTimeoutMs
  }

  /** A signal for the work behind an answer. */
  watch(bindings: HttpBindings): AbortSignal {
    const controller = this.#open(bindings)
    const timer = setTimeout(() => {
      const limit = `${this.#requestTimeoutMs / 1000} s`
      controller.abort(
        new GatewayError('expert_timeout', `The request took longer than ${limit}. Nothing was charged.`),
      )
    }, this.#requestTimeoutMs)
    whenOver(bindings, () => clearTimeout(timer))
    return controller.signal
  }

  /** The same for an answer that goes on for as long as its reader wants, such as the events of a run. */
  follow(bindings: HttpBindings): AbortSignal {
    return this.#open(bindings).signal
  }

  /** Ends everything that still runs, because the gateway stops. */
  abortAll(): void {
    const reason = new GatewayError('shutting_down', 'The gateway is shutting down. Nothing was charged.')
    for (const controller of this.#controllers) controller.abort(reason)
    this.#controllers.clear()
  }

  #open(bindings: HttpBindings): AbortController {
    const controller = new AbortController()
    this.#controllers.add(controller)
    whenOver(bindings, () => {
      this.#controllers.delete(controller)
      if (bindings.outgoing.writableFinished) return
      controller.abort(
        new GatewayError('client_closed_request', 'The client left before the answer was complete.'),
      )
    })
    return controller
  }
}

/**
 * Calls back once when an answer is complete, or its connection gone. An answer that waits behind another one on its connection never
 * hears of the end itself: the connection does.
 */
export function whenOver({ incoming, outgoing }: HttpBindings, done: () => void): void {
  const { socket } = incoming
  let isOver = false
  const over = () => {
    if (isOver) return
    isOver = true
    outgoing.off('close', over)
    socket.off('close', over)
    done()
  }
  if (outgoing.destroyed || socket.destroyed) {
    over()
    return
  }
  outgoing.once('close', over)
  socket.once('close', over)
}
