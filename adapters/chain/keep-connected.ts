/** Keeps one session open, at whichever endpoint can be had, for as long as it is wanted. */
import type { BlockReference } from '../../src/ports/chain.ts'
import { Pause } from './deadline.ts'
import type { Runtime } from './runtime.ts'
import { Session } from './session.ts'

export type ConnectionOptions = {
  /** `ws://` or `wss://` URLs, tried in turn. */
  readonly endpoints: readonly string[]
  /** Genesis that the chain must have; null keeps to that of the first chain met. */
  readonly genesisHash: string | null
  readonly callTimeoutMs: number
  readonly headAgeMsMax: number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** First pause before another try; each one after it is twice as long. */
const PAUSE_MS_FIRST = 100
const PAUSE_MS_MAX = 15_000

export class Connection {
  readonly #options: ConnectionOptions
  readonly #pause = new Pause()
  readonly #listeners = new Set<(head: BlockReference) => void>()
  readonly #waiting = new Set<{ readonly settle: (session: Session) => void; readonly fail: () => void }>()
  readonly #running: Promise<void>
  readonly #closing = new AbortController()
  #session: Session | null = null
  #runtime: Runtime | null = null
  #genesisHash: string | null
  #problem: string | null = 'Connecting.'
  #finalized: BlockReference | null = null
  #headSeenAtMs: number | null = null
  #endpointIndex = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#genesisHash = options.genesisHash
    this.#running = this.#run()
  }

  /** The open session, or null. */
  get session(): Session | null {
    return this.#session
  }

  get endpoint(): string {
    return this.#options.endpoints[this.#endpointIndex % this.#options.endpoints.length] ?? ''
  }

  get genesisHash(): string | null {
    return this.#genesisHash
  }

  get specVersion(): number | null {
    return this.#session?.runtime.specVersion ?? this.#runtime?.specVersion ?? null
  }

  get problem(): string | null {
    return this.#problem
  }

  get finalized(): BlockReference | null {
    return this.#finalized
  }

  get headAgeMs(): number | null {
    return this.#headSeenAtMs === null ? null : this.#options.now() - this.#headSeenAtMs
  }

  /** The open session, or the next one. @throws Error after `timeoutMs`, or when all is closed */
  require(timeoutMs: number): Promise<Session> {
    if (this.#closing.signal.aborted) return Promise.reject(new Error('The chain was closed.'))
    if (this.#session) return Promise.resolve(this.#session)
    return new Promise((resolve, reject) => {
      const waiting = {
        settle: (session: Session) => {
          clearTimeout(timer)
          resolve(session)
        },
        fail: () => {
          clearTimeout(timer)
          this.#waiting.delete(waiting)
          reject(new Error(this.#problem ?? 'Not connected.'))
        },
      }
      const timer = setTimeout(waiting.fail, timeoutMs)
      this.#waiting.add(waiting)
    })
  }

  listen(listener: (head: BlockReference) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#problem = 'The chain was closed.'
    for (const { fail } of this.#waiting) fail()
    this.#listeners.clear()
    this.#pause.wake()
    await this.#session?.close()
    await this.#running
    await this.#runtime?.close()
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#closing.signal.aborted) {
      const reason = await this.#serve(() => {
        failures = 0
      })
      if (this.#closing.signal.aborted) return
      this.#problem = reason
      this.#endpointIndex += 1
      await this.#pause.wait(Math.min(PAUSE_MS_FIRST * 2 ** failures, PAUSE_MS_MAX))
      failures += 1
    }
  }

  /** One session, from its opening to its end. @returns why there is none any more */
  async #serve(onOpen: () => void): Promise<string> {
    try {
      const session = await Session.open(this.endpoint, {
        callTimeoutMs: this.#options.callTimeoutMs,
        signal: this.#closing.signal,
        headAgeMsMax: this.#options.headAgeMsMax,
        genesisHash: this.#genesisHash,
        runtime: this.#runtime,
        onHead: (head) => this.#noticeHead(head),
        onStall: (problem) => {
          this.#problem = problem
        },
      })
      onOpen()
      this.#publish(session)
      const reason = await session.ended
      this.#session = null
      this.#runtime = session.runtime
      await session.close()
      return reason
    } catch (error) {
      return error instanceof Error ? error.message : 'The node cannot be used.'
    }
  }

  #publish(session: Session): void {
    this.#genesisHash = session.genesisHash
    this.#runtime = session.runtime
    this.#session = session
    this.#problem = null
    for (const { settle } of this.#waiting) settle(session)
    this.#waiting.clear()
    if (this.#closing.signal.aborted) void session.close()
  }

  #noticeHead(head: BlockReference): void {
    this.#headSeenAtMs = this.#options.now()
    // Another node may be behind the one before it.
    if (this.#finalized && head.number <= this.#finalized.number) return
    this.#finalized = head
    for (const listener of this.#listeners) listener(head)
  }
}
