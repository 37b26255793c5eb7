/** A socket for node-postgres whose other end is the database's thread. */
import { Duplex } from 'node:stream'
import type { DatabaseThread } from './database-thread.ts'

export class VirtualSocket extends Duplex {
  readonly #thread: DatabaseThread
  #id: number | null = null

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
    this.#send(chunk)
    done()
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)))
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

  #send(bytes: Buffer): void {
    if (this.#id !== null) this.#thread.send(this.#id, bytes)
  }

  #end(): void {
    if (this.#id !== null) this.#thread.end(this.#id)
    this.#id = null
  }
}
