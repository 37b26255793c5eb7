/** A socket for node-postgres whose other end is the database's thread. */
import { Duplex } from 'node:stream'
import type { DatabaseThread } from './database-thread.ts'

export class VirtualSocket extends Duplex {
  readonly #thread: DatabaseThread
  #id: number | null = null
  /** Written in this turn: node-postgres writes a statement in five pieces, and each message to the thread wakes it. */
  #pending: Buffer[] = []

  constructor(thread: DatabaseThread) {
    super()
    this.#thread = thread
  }

  /** Called by node-postgres with a port and a host, which mean nothing here. */
  connect(): this {
    this.#id = this.#thread.connect(
      (bytes) => {
        this.push(bytes)
      },
      (reason) => {
        this.#id = null
        if (reason) this.destroy(reason)
        else this.push(null)
      },
    )
    queueMicrotask(() => this.emit('connect'))
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  setTimeout(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {
    // The thread pushes by itself; answers are small and awaited, so there is no need to hold it back.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#pending.length === 0) queueMicrotask(() => this.#flush())
    this.#pending.push(chunk)
    done()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#end()
    done(error)
  }

  #flush(): void {
    const [first] = this.#pending
    if (first && this.#id !== null) {
      this.#thread.send(this.#id, this.#pending.length === 1 ? first : Buffer.concat(this.#pending))
    }
    this.#pending = []
  }

  #end(): void {
    this.#flush()
    if (this.#id !== null) this.#thread.end(this.#id)
    this.#id = null
  }
}
