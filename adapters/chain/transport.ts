/** One WebSocket to one node. It never reconnects by itself: a connection that ended is replaced as a whole. */

import { setMaxListeners } from 'node:events'
import type { WsProvider } from '@polkadot/api'
import { type Deadline, withDeadline } from './deadline.ts'

export class Transport {
  readonly endpoint: string
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>
  readonly #provider: WsProvider
  readonly #abandoned: AbortController
  readonly #timeoutMs: number

  private constructor(
    provider: WsProvider,
    endpoint: string,
    life: { readonly abandoned: AbortController; readonly timeoutMs: number },
  ) {
    this.#provider = provider
    this.endpoint = endpoint
    this.#abandoned = life.abandoned
    this.#timeoutMs = life.timeoutMs
    this.closed = new Promise((resolve) => {
      provider.on('disconnected', () => resolve())
    })
  }

  /**
   * @param deadline - for the connection and for every later call; the signal ends all of it
   * @throws Error when there is no connection
   */
  static async open(endpoint: string, { timeoutMs, signal }: Deadline): Promise<Transport> {
    const { WsProvider } = await import('@polkadot/api')
    // `false`: no reconnecting. A socket that drops again while it subscribes anew loses its subscriptions for good.
    const provider = new WsProvider(endpoint, false, {}, timeoutMs)
    const abandoned = new AbortController()
    // Every call that waits listens.
    setMaxListeners(0, abandoned.signal)
    signal.addEventListener('abort', () => abandoned.abort(), { signal: abandoned.signal })
    if (signal.aborted) abandoned.abort()
    const opened = new Promise<void>((resolve, reject) => {
      provider.on('connected', () => resolve())
      provider.on('error', (error: unknown) => reject(readError(error)))
      provider.on('disconnected', () => reject(new Error('The connection was closed at once.')))
    })
    try {
      await provider.connect()
      await withDeadline(opened, 'connect', { timeoutMs, signal: abandoned.signal })
    } catch (error) {
      abandoned.abort()
      await end(provider)
      throw error
    }
    return new Transport(provider, endpoint, { abandoned, timeoutMs })
  }

  get provider(): WsProvider {
    return this.#provider
  }

  /** Calls a method. @throws Error with the node's words, or when no answer came in time */
  call(method: string, parameters: unknown[]): Promise<unknown> {
    return this.within(this.#provider.send<unknown>(method, parameters), method)
  }

  /** Starts a subscription that ends with the connection. */
  async subscribe(method: string, notification: string, listener: (result: unknown) => void): Promise<void> {
    const onMessage = (error: Error | null, result: unknown) => {
      if (error === null) listener(result)
    }
    await this.within(this.#provider.subscribe(notification, method, [], onMessage), method)
  }

  /** Bounds something that needs this connection. @throws Error when it takes too long, or the connection is given up */
  within<T>(promise: Promise<T>, what: string): Promise<T> {
    return withDeadline(promise, what, { timeoutMs: this.#timeoutMs, signal: this.#abandoned.signal })
  }

  /** Calls that wait are rejected at once. */
  async close(): Promise<void> {
    this.#abandoned.abort()
    await end(this.#provider)
  }
}

async function end(provider: WsProvider): Promise<void> {
  try {
    await provider.disconnect()
  } catch {
    // A socket that cannot be closed is not there any more.
  }
}

/** The socket's error events carry the error as a member. */
function readError(event: unknown): Error {
  if (event instanceof Error) return event
  if (typeof event === 'object' && event !== null && 'message' in event)
    return new Error(String(event.message))
  return new Error('The connection failed.')
}
