/** A small JSON-RPC client for the development chain: what its faucet needs of a node. */
import { WebSocket } from 'ws'
import { z } from 'zod'
import { EVENTS_KEY } from '../runtime/events.ts'

const message = z.object({
  id: z.number().nullish(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string(), data: z.unknown() }).partial().nullish(),
  params: z.object({ subscription: z.string(), result: z.unknown().optional() }).nullish(),
})

const finalized = z.object({ finalized: z.string() })
const lost = z.union([z.literal('invalid'), z.literal('dropped'), z.object({ usurped: z.string() })])

const signedBlock = z.object({
  block: z.object({ header: z.object({ number: z.string() }), extrinsics: z.array(z.string()) }),
})

type Waiting = { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }

export class RpcClient {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  readonly #timer: NodeJS.Timeout
  #lastId = 0
  #onStatus: (status: unknown) => void = () => undefined
  #fail: (error: Error) => void = () => undefined

  private constructor(socket: WebSocket, timeoutMs: number) {
    this.#socket = socket
    socket.on('message', (data) => this.#receive(String(data)))
    socket.on('close', () => this.#failAll(new Error('The chain closed the connection.')))
    this.#timer = setTimeout(() => {
      this.#failAll(new Error(`The chain did not answer within ${timeoutMs} ms.`))
      socket.terminate()
    }, timeoutMs)
  }

  /** @param timeoutMs - for the whole life of the connection */
  static async connect(endpoint: string, timeoutMs: number): Promise<RpcClient> {
    const socket = new WebSocket(endpoint, { handshakeTimeout: timeoutMs })
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    // Errors after this end in `close`.
    socket.on('error', () => undefined)
    return new RpcClient(socket, timeoutMs)
  }

  async readGenesisHash(): Promise<string> {
    return z.string().parse(await this.call('chain_getBlockHash', [0]))
  }

  async readSpecVersion(): Promise<number> {
    const version = await this.call('state_getRuntimeVersion', [])
    return z.object({ specVersion: z.number() }).parse(version).specVersion
  }

  /** The next nonce, transactions in the pool included. */
  async readNextNonce(address: string): Promise<number> {
    return z.number().parse(await this.call('system_accountNextIndex', [address]))
  }

  /** Submits an extrinsic and waits until its block is final. @returns the block's hash @throws Error when it is refused or lost */
  async watch(extrinsic: string): Promise<string> {
    const final = new Promise<string>((resolve, reject) => {
      this.#fail = reject
      this.#onStatus = (status) => {
        const end = finalized.safeParse(status)
        if (end.success) resolve(end.data.finalized)
        else if (lost.safeParse(status).success) reject(new Error('The chain dropped the transaction.'))
      }
    })
    // It is awaited below; if the submission fails, its own error is the one to show.
    final.catch(() => undefined)
    await this.call('author_submitAndWatchExtrinsic', [extrinsic])
    return final
  }

  /** Number, extrinsics (hex) and events (hex) of a block. @throws Error when it is no longer kept */
  async readBlock(
    hash: string,
  ): Promise<{ readonly number: number; readonly extrinsics: readonly string[]; readonly events: string }> {
    const [block, events] = await Promise.all([
      this.call('chain_getBlock', [hash]),
      this.call('state_getStorage', [EVENTS_KEY, hash]),
    ])
    const { header, extrinsics } = signedBlock.parse(block).block
    return { number: Number(header.number), extrinsics, events: z.string().parse(events) }
  }

  /** @throws Error with the node's words */
  call(method: string, parameters: readonly unknown[]): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params: parameters }))
    })
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#socket.close()
  }

  #receive(text: string): void {
    const parsed = message.safeParse(parseJson(text))
    if (!parsed.success) {
      this.#failAll(new Error('The chain answered something that is not JSON-RPC.'))
      return
    }
    const { id, result, error, params } = parsed.data
    if (params) this.#onStatus(params.result)
    if (typeof id !== 'number') return
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error) waiting?.reject(new Error([error.message, error.data].filter(Boolean).join(': ')))
    else waiting?.resolve(result)
  }

  #failAll(error: Error): void {
    this.#fail(error)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
