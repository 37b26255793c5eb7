/** The JSON-RPC server over WebSocket, on loopback, with the faults of real nodes and networks to be switched on. */
import { type WebSocket, WebSocketServer } from 'ws'
import { RpcError } from '../execution/rpc-error.ts'
import type { RpcMethod } from './methods.ts'
import { Session } from './session.ts'
import type { Subscription } from './subscriptions.ts'

const HOST = '127.0.0.1'

const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** What happens to those who connect: nothing unusual, an HTTP 503, or a connection that is closed at once (a proxy without its server). */
export type Reception = 'accept' | 'refuse' | 'hang-up'

export class RpcServer {
  readonly methods: ReadonlyMap<string, RpcMethod>
  readonly subscriptions: ReadonlyMap<string, Subscription>
  readonly #overrides = new Map<string, RpcMethod>()
  readonly #sessions = new Set<Session>()
  readonly #server: WebSocketServer
  readonly #listening: Promise<number>
  #reception: Reception = 'accept'
  #isSilent = false
  #connectionCount = 0

  constructor(
    port: number,
    surface: {
      readonly methods: Readonly<Record<string, RpcMethod>>
      readonly subscriptions: Readonly<Record<string, Subscription>>
    },
  ) {
    this.methods = new Map([
      ...Object.entries(surface.methods),
      ['rpc_methods', () => ({ methods: this.#listMethods() })],
    ])
    this.subscriptions = new Map(Object.entries(surface.subscriptions))
    this.#server = new WebSocketServer({
      host: HOST,
      port,
      perMessageDeflate: false,
      maxPayload: MESSAGE_BYTES_MAX,
      verifyClient: (_: unknown, decide: (accept: boolean, code?: number, text?: string) => void) =>
        this.#reception === 'refuse' ? decide(false, 503, 'Service Unavailable') : decide(true),
    })
    this.#server.on('connection', (socket: WebSocket) => this.#greet(socket))
    this.#listening = new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.once('listening', () => {
        const address = this.#server.address()
        if (typeof address === 'object' && address !== null) resolve(address.port)
      })
    })
    // Whoever awaits `listening` gets the error; it may come before that.
    this.#listening.catch(() => undefined)
  }

  /** Resolves with the port once it listens; rejects when the port is taken. */
  listening(): Promise<number> {
    return this.#listening
  }

  /** Connections taken since the start. */
  get connectionCount(): number {
    return this.#connectionCount
  }

  /** Says how the next connections are received. */
  receive(reception: Reception): void {
    this.#reception = reception
  }

  /** Cuts every connection, as a network does: without a closing handshake. */
  dropConnections(): void {
    for (const session of this.#sessions) session.terminate()
  }

  /** While silent, requests are read and never answered, and nothing is pushed. */
  setSilent(isSilent: boolean): void {
    this.#isSilent = isSilent
  }

  /** While muted, nothing is pushed to the connections that are open now; later ones are as usual. */
  mutePushes(isMuted: boolean): void {
    for (const session of this.#sessions) session.mute(isMuted)
  }

  /** Answers a method in another way, as a node that lies or lacks it does; null takes it back. */
  override(name: string, method: RpcMethod | null): void {
    if (method) this.#overrides.set(name, method)
    else this.#overrides.delete(name)
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  /** Answers one request. @throws RpcError */
  answer(name: string, parameters: readonly unknown[]): unknown {
    const method = this.#overrides.get(name) ?? this.methods.get(name)
    if (!method) throw new RpcError(-32601, 'Method not found')
    return method(parameters)
  }

  async close(): Promise<void> {
    this.dropConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #greet(socket: WebSocket): void {
    if (this.#reception === 'hang-up') {
      socket.terminate()
      return
    }
    this.#connectionCount += 1
    const session = new Session(socket, this)
    this.#sessions.add(session)
    socket.on('close', () => this.#sessions.delete(session))
  }

  /** Clients drop what is not in this list. */
  #listMethods(): string[] {
    const ends = [...this.subscriptions.values()].map(({ unsubscribe }) => unsubscribe)
    return [...this.methods.keys(), ...this.subscriptions.keys(), ...ends].sort()
  }
}
