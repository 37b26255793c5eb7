/** A verified connection: right chain, known runtime, finalised heads arriving. It ends when any of that does. */
import { z } from 'zod'
import type { BlockReference } from '../../src/ports/chain.ts'
import { Runtime, readSpecVersion } from './runtime.ts'
import { Transport } from './transport.ts'

export type SessionOptions = {
  readonly callTimeoutMs: number
  /** Ends the session, also while it is being opened. */
  readonly signal: AbortSignal
  /** Silence of finalised heads after which the node is asked whether it has any. */
  readonly headAgeMsMax: number
  /** Genesis that the chain must have; null takes any. */
  readonly genesisHash: string | null
  /** Runtime of an earlier session, used again when the version is the same. */
  readonly runtime: Runtime | null
  readonly onHead: (head: BlockReference) => void
  /** The chain has not finalised anything for `headAgeMsMax`, and the connection is well; null when it goes on. */
  readonly onStall: (problem: string | null) => void
}

const headerAnswer = z.object({ number: z.string(), parentHash: z.string() })
const versionNews = z.object({ specVersion: z.number() })

/** The chain has another genesis than the one asked for. */
export class WrongChainError extends Error {
  override readonly name = 'WrongChainError'
}

export class Session {
  readonly transport: Transport
  readonly genesisHash: string
  /** Resolves with the reason when the session is over. */
  readonly ended: Promise<string>
  runtime: Runtime
  readonly #options: SessionOptions
  #end: (reason: string) => void = () => undefined
  #watchdog: NodeJS.Timeout | null = null
  #head: BlockReference | null = null
  #isReloading = false

  private constructor(
    transport: Transport,
    options: SessionOptions,
    verified: { readonly genesisHash: string; readonly runtime: Runtime },
  ) {
    this.transport = transport
    this.#options = options
    this.genesisHash = verified.genesisHash
    this.runtime = verified.runtime
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    void transport.closed.then(() => this.#end('The connection was closed.'))
  }

  /** @throws WrongChainError @throws Error when the node cannot be used */
  static async open(endpoint: string, options: SessionOptions): Promise<Session> {
    const transport = await Transport.open(endpoint, {
      timeoutMs: options.callTimeoutMs,
      signal: options.signal,
    })
    try {
      const genesisHash = z.string().parse(await transport.call('chain_getBlockHash', [0]))
      if (options.genesisHash !== null && options.genesisHash !== genesisHash) {
        throw new WrongChainError(`The chain at ${endpoint} has genesis ${genesisHash}.`)
      }
      const runtime = await findRuntime(transport, options)
      const session = new Session(transport, options, { genesisHash, runtime })
      await session.#begin()
      return session
    } catch (error) {
      await transport.close()
      throw error
    }
  }

  /** Number of the last finalised block seen. */
  get headNumber(): number {
    return this.#head?.number ?? -1
  }

  /** The last finalised block, as the node says now. @throws Error */
  async readFinalized(): Promise<BlockReference> {
    const hash = z.string().parse(await this.transport.call('chain_getFinalizedHead', []))
    return { number: (await this.readHeader(hash)).number, hash }
  }

  /** Number and parent of a block. @throws Error when the node does not know it, or its header does not have that hash */
  async readHeader(hash: string): Promise<{ readonly number: number; readonly parentHash: string }> {
    const answer = await this.transport.call('chain_getHeader', [hash])
    const header = headerAnswer.parse(answer)
    if (this.runtime.hashHeader(answer) !== hash)
      throw new Error(`The header of ${hash} does not have that hash.`)
    return { number: Number(header.number), parentHash: header.parentHash }
  }

  async close(): Promise<void> {
    if (this.#watchdog) clearTimeout(this.#watchdog)
    this.#end('The session was closed.')
    await this.transport.close()
  }

  async #begin(): Promise<void> {
    await this.transport.subscribe(
      'state_subscribeRuntimeVersion',
      'state_runtimeVersion',
      (version) => void this.#noticeVersion(version),
    )
    await this.transport.subscribe('chain_subscribeFinalizedHeads', 'chain_finalizedHead', (header) =>
      this.#noticeHeader(header),
    )
    this.#noticeHead(await this.readFinalized())
  }

  #noticeHeader(header: unknown): void {
    const parsed = headerAnswer.safeParse(header)
    if (!parsed.success) {
      this.#end('The node sent something that is not a header.')
      return
    }
    this.#noticeHead({ number: Number(parsed.data.number), hash: this.runtime.hashHeader(header) })
  }

  #noticeHead(head: BlockReference): void {
    this.#options.onStall(null)
    this.#armWatchdog()
    if (this.#head && head.number <= this.#head.number) return
    this.#head = head
    this.#options.onHead(head)
  }

  #armWatchdog(): void {
    if (this.#watchdog) clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => void this.#checkSilence(), this.#options.headAgeMsMax)
  }

  /** Tells a chain that has stopped from a connection that no longer tells us. */
  async #checkSilence(): Promise<void> {
    const known = this.#head
    try {
      const head = await this.readFinalized()
      if (head.number > (known?.number ?? -1) && this.#head === known) {
        this.#end('Finalised heads no longer arrive.')
        return
      }
      if (this.#head === known) {
        this.#options.onStall('The chain finalises nothing.')
        this.#armWatchdog()
      }
    } catch {
      this.#end('The node does not answer.')
    }
  }

  /** Another runtime is in force: its metadata is read anew, as a whole. */
  async #noticeVersion(news: unknown): Promise<void> {
    const parsed = versionNews.safeParse(news)
    if (!parsed.success || parsed.data.specVersion === this.runtime.specVersion || this.#isReloading) return
    this.#isReloading = true
    try {
      const old = this.runtime
      this.runtime = await Runtime.load(this.transport)
      await old.close()
    } catch {
      this.#end('The metadata of the new runtime could not be read.')
    } finally {
      this.#isReloading = false
    }
  }
}

async function findRuntime(transport: Transport, options: SessionOptions): Promise<Runtime> {
  const known = options.runtime
  if (known && known.specVersion === (await readSpecVersion(transport, null))) {
    known.switchTo(transport)
    return known
  }
  const runtime = await Runtime.load(transport)
  await known?.close()
  return runtime
}
