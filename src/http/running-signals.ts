/** Abort signals of running requests: fired when the client leaves, or when a drain is over. */
import type { ServerResponse } from 'node:http'
import { GatewayError } from '../errors.ts'

export class RunningSignals {
  readonly #controllers = new Set<AbortController>()

  /** A signal for the work behind this answer. */
  watch(outgoing: ServerResponse): AbortSignal {
    const controller = new AbortController()
    this.#controllers.add(controller)
    const leave = () => {
      this.#controllers.delete(controller)
      if (outgoing.writableFinished) return
      controller.abort(
        new GatewayError('client_closed_request', 'The client left before the answer was complete.'),
      )
    }
    if (outgoing.destroyed) leave()
    else outgoing.once('close', leave)
    return controller.signal
  }

  /** Ends everything that still runs, because the gateway stops. */
  abortAll(): void {
    const reason = new GatewayError('shutting_down', 'The gateway is shutting down. Nothing was charged.')
    for (const controller of this.#controllers) controller.abort(reason)
    this.#controllers.clear()
  }
}
