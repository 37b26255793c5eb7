/** One connection: its requests and its subscriptions. */
import type { WebSocket } from 'ws'
import { z } from 'zod'
import { RpcError } from '../execution/rpc-error.ts'
import type { RpcServer } from './server.ts'
import type { Subscription } from './subscriptions.ts'

const SUBSCRIPTIONS_MAX = 1_024

const request = z.object({
  id: z.union([z.number(), z.string(), z.null()]).optional(),
  method: z.string(),
  params: z.array(z.unknown()).optional(),
})

type Reply = Readonly<Record<string, unknown>>

export class Session {
  readonly #socket: WebSocket
  readonly #server: RpcServer
  readonly #running = new Map<string, () => void>()
  #lastSubscription = 0
  #isMuted = false

  constructor(socket: WebSocket, server: RpcServer) {
    this.#socket = socket
    this.#server = server
    socket.on('message', (data) => this.#receive(String(data)))
    socket.on('close', () => this.#stopAll())
    // A reset is followed by `close`, where everything is cleaned up.
    socket.on('error', () => undefined)
  }

  mute(isMuted: boolean): void {
    this.#isMuted = isMuted
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #receive(text: string): void {
    if (this.#server.isSilent) return
    let message: unknown
    try {
      message = JSON.parse(text)
    } catch {
      this.#send({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } })
      return
    }
    this.#send(Array.isArray(message) ? message.map((item) => this.#reply(item)) : this.#reply(message))
  }

  #reply(message: unknown): Reply {
    const parsed = request.safeParse(message)
    if (!parsed.success) {
      return { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'Invalid request' } }
    }
    const { id = null, method, params = [] } = parsed.data
    try {
      return { jsonrpc: '2.0', id, result: this.#answer(method, params) ?? null }
    } catch (error) {
      return { jsonrpc: '2.0', id, error: describeError(error) }
    }
  }

  #answer(method: string, parameters: readonly unknown[]): unknown {
    const subscription = this.#server.subscriptions.get(method)
    if (subscription) return this.#subscribe(subscription, parameters)
    const isEnd = [...this.#server.subscriptions.values()].some(({ unsubscribe }) => unsubscribe === method)
    return isEnd ? this.#unsubscribe(parameters[0]) : this.#server.answer(method, parameters)
  }

  #subscribe(subscription: Subscription, parameters: readonly unknown[]): string {
    if (this.#running.size >= SUBSCRIPTIONS_MAX) {
      throw new RpcError(-32006, 'Too many subscriptions on the connection')
    }
    this.#lastSubscription += 1
    const id = `devnet${this.#lastSubscription}`
    // What is pushed at once must come after the reply that names the subscription.
    const early: unknown[] = []
    let isNamed = false
    const push = (result: unknown) => {
      if (isNamed) this.#notify(subscription, id, result)
      else early.push(result)
    }
    this.#running.set(id, subscription.start(parameters, push))
    setImmediate(() => {
      isNamed = true
      for (const result of early) this.#notify(subscription, id, result)
    })
    return id
  }

  #unsubscribe(id: unknown): boolean {
    if (typeof id !== 'string') return false
    this.#running.get(id)?.()
    return this.#running.delete(id)
  }

  #notify({ notification }: Subscription, id: string, result: unknown): void {
    if (this.#isMuted) return
    this.#send({ jsonrpc: '2.0', method: notification, params: { subscription: id, result } })
  }

  #send(message: unknown): void {
    if (!this.#server.isSilent && this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(JSON.stringify(message))
    }
  }

  #stopAll(): void {
    for (const stop of this.#running.values()) stop()
    this.#running.clear()
  }
}

function describeError(error: unknown): Reply {
  if (!(error instanceof RpcError)) {
    return { code: -32603, message: error instanceof Error ? error.message : 'Internal error' }
  }
  const { code, message, data } = error
  return data === null ? { code, message } : { code, message, data }
}
