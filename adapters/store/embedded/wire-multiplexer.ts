/**
 * The server side of PostgreSQL's wire protocol for many connections over one single-user backend, so that node-postgres, and
 * whatever stands on it, runs unchanged.
 *
 * A unit of work is everything that a connection sent up to Sync or a simple Query, and runs as a whole. A connection inside a
 * transaction owns the backend until it is idle again. Notifications go to the connections that listen.
 */
import {
  CANCEL_REQUEST,
  fatalFrame,
  greeting,
  listenCommands,
  prefixStatement,
  queryFrame,
  SSL_REQUEST,
  WIRE,
} from './wire-frames.ts'

/** Longest stretch of database work before other work of the thread has its turn. */
const SLICE_MS = 4

type Connection = {
  readonly id: number
  /** Bytes for the client; null when the connection has ended. */
  readonly send: (bytes: Uint8Array | null) => void
  readonly channels: Set<string>
  readonly statements: Set<string>
  /** The beginning of a message whose rest has not come yet. */
  rest: Buffer | null
  /** Messages of the unit that is not yet complete. */
  unit: Buffer[]
  started: boolean
}

type Unit = { readonly connection: Connection; readonly bytes: Buffer; readonly isFlush: boolean }

export type WireMultiplexerOptions = {
  /** Runs a unit on the backend and gives all it answered. */
  readonly execute: (bytes: Uint8Array) => Uint8Array
  /** `server_version` and the like, told to each client when it connects. */
  readonly parameters: Readonly<Record<string, string>>
  /** A transaction without a statement for this long is rolled back and its connection closed. */
  readonly idleTransactionMs: number
}

export class WireMultiplexer {
  readonly #options: WireMultiplexerOptions
  readonly #connections = new Map<number, Connection>()
  #queue: Unit[] = []
  #owner: Connection | null = null
  #scheduled = false
  #idleTimer: NodeJS.Timeout | undefined

  constructor(options: WireMultiplexerOptions) {
    this.#options = options
  }

  connect(id: number, send: (bytes: Uint8Array | null) => void): void {
    this.#connections.set(id, {
      id,
      send,
      channels: new Set(),
      statements: new Set(),
      rest: null,
      unit: [],
      started: false,
    })
  }

  /** Takes bytes of a client. Answers come in a later turn, since node-postgres must not see them inside of its own write. */
  receive(id: number, chunk: Uint8Array): void {
    const connection = this.#connections.get(id)
    if (!connection) return
    const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let bytes = connection.rest ? Buffer.concat([connection.rest, fresh]) : fresh
    while (bytes.length >= (connection.started ? 5 : 8)) {
      const length = connection.started ? 1 + bytes.readInt32BE(1) : bytes.readInt32BE(0)
      if (bytes.length < length) break
      const message = bytes.subarray(0, length)
      bytes = bytes.subarray(length)
      if (!connection.started) this.#start(connection, message)
      else if (message[0] === WIRE.terminate) {
        this.end(id)
        return
      } else this.#accept(connection, message)
    }
    connection.rest = bytes.length > 0 ? Buffer.from(bytes) : null
    this.#schedule()
  }

  /** The client is gone: what it had open is rolled back, unlistened and deallocated. */
  end(id: number): void {
    const connection = this.#connections.get(id)
    if (!connection) return
    this.#connections.delete(id)
    this.#queue = this.#queue.filter((unit) => unit.connection !== connection)
    if (this.#owner === connection) {
      this.#options.execute(queryFrame('ROLLBACK'))
      this.#owner = null
      clearTimeout(this.#idleTimer)
    }
    // Inside of another connection's transaction these would take part in it; what is left over then costs a little memory only.
    if (!this.#owner) this.#forget(connection)
    connection.send(null)
    this.#schedule()
  }

  #forget(connection: Connection): void {
    const heard = new Set([...this.#connections.values()].flatMap((other) => [...other.channels]))
    for (const channel of connection.channels) {
      if (!heard.has(channel)) this.#options.execute(queryFrame(`UNLISTEN "${channel}"`))
    }
    for (const name of connection.statements) this.#options.execute(queryFrame(`DEALLOCATE "${name}"`))
  }

  #start(connection: Connection, message: Buffer): void {
    const code = message.readInt32BE(4)
    if (code === SSL_REQUEST) connection.send(Buffer.from('N'))
    else if (code !== CANCEL_REQUEST) {
      // A statement in single-user mode cannot be cancelled: such a request is left unanswered, as a server does too.
      connection.started = true
      connection.send(greeting(connection.id, this.#options.parameters))
    }
  }

  #accept(connection: Connection, message: Buffer): void {
    const type = message[0]
    if (type === WIRE.query || type === WIRE.parse) {
      for (const { listen, channel } of listenCommands(message)) {
        if (channel === null) connection.channels.clear()
        else if (listen) connection.channels.add(channel)
        else connection.channels.delete(channel)
      }
    }
    // Prepared statements belong to the session, and all connections share one: each gets names of its own.
    const renamed = prefixStatement(message, `c${connection.id}_`)
    if (renamed.made !== null) connection.statements.add(renamed.made)
    connection.unit.push(renamed.message)
    const isFlush = type === WIRE.flush
    if (
      isFlush ||
      type === WIRE.query ||
      type === WIRE.sync ||
      type === WIRE.copyDone ||
      type === WIRE.copyFail
    ) {
      this.#queue.push({ connection, bytes: Buffer.concat(connection.unit), isFlush })
      connection.unit = []
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    const startedMs = performance.now()
    for (;;) {
      const owner = this.#owner
      const index = owner ? this.#queue.findIndex((unit) => unit.connection === owner) : 0
      const unit = this.#queue[index]
      if (!unit) return
      this.#queue.splice(index, 1)
      this.#run(unit)
      if (performance.now() - startedMs > SLICE_MS) {
        this.#schedule()
        return
      }
    }
  }

  #run({ connection, bytes, isFlush }: Unit): void {
    const answer = this.#options.execute(bytes)
    const { own, status } = this.#split(connection, answer)
    const isInTransaction = status !== null && status !== 0x49 // 'I': idle
    const isConnected = this.#connections.has(connection.id)
    this.#owner = isConnected && (isInTransaction || isFlush) ? connection : null
    this.#watchOwner()
    if (own.length > 0) connection.send(own)
  }

  /** Takes the notifications out of an answer and hands them to their listeners. */
  #split(
    connection: Connection,
    answer: Uint8Array,
  ): { readonly own: Buffer; readonly status: number | null } {
    const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength)
    const own: Buffer[] = []
    let status: number | null = null
    let start = 0
    let offset = 0
    while (offset + 5 <= bytes.length) {
      const end = offset + 1 + bytes.readInt32BE(offset + 1)
      if (bytes[offset] === WIRE.ready) status = bytes[offset + 5] ?? null
      else if (bytes[offset] === WIRE.notification) {
        if (offset > start) own.push(bytes.subarray(start, offset))
        start = end
        const message = bytes.subarray(offset, end)
        // Body: process id (4 bytes), channel, payload.
        const channel = message.toString('utf8', 9, message.indexOf(0, 9))
        for (const listener of this.#connections.values()) {
          if (!listener.channels.has(channel)) continue
          if (listener === connection) own.push(message)
          else listener.send(Buffer.from(message))
        }
      }
      offset = end
    }
    if (start < bytes.length) own.push(start === 0 ? bytes : bytes.subarray(start))
    const [only] = own
    return { own: own.length === 1 && only ? only : Buffer.concat(own), status }
  }

  /**
   * Whoever sits inside of a transaction keeps everybody else waiting, and whoever awaits another connection meanwhile waits for
   * ever: PostgreSQL's idle_in_transaction_session_timeout, which single-user mode does not have.
   */
  #watchOwner(): void {
    clearTimeout(this.#idleTimer)
    const owner = this.#owner
    if (!owner) return
    const { idleTransactionMs } = this.#options
    this.#idleTimer = setTimeout(() => {
      if (this.#owner !== owner || this.#queue.some((unit) => unit.connection === owner)) return
      const message =
        `a transaction made no statement for ${idleTransactionMs} ms and was rolled back, because it keeps all others waiting: ` +
        'inside of a transaction use its own connection only, never the pool'
      owner.send(fatalFrame('25P03', message))
      this.end(owner.id)
    }, idleTransactionMs)
    this.#idleTimer.unref()
  }
}
