/** Starts the devnet's process and speaks with it. Imports nothing of the devnet, so that a gateway without it stays small. */
import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { DevnetPayment, DevnetReady, DevnetStart, FromDevnet, ToDevnet } from './messages.ts'

export type StartDevnetOptions = Omit<DevnetStart, 'kind'> & {
  /** The process's file: `devnet/main`, bundled or not. */
  readonly entryFile: string
  /** Node's arguments before it, such as a TypeScript loader. */
  readonly execArgv: readonly string[]
  /** Until it is ready. */
  readonly timeoutMs: number
  /** What the process warns of or prints, line by line. */
  readonly onLine: (line: string) => void
}

export type DevnetHandle = Omit<DevnetReady, 'kind'> & {
  readonly pid: number
  /** Why the process has ended; null while it runs. */
  readonly problem: string | null
  /** Resolves with the reason when the process has ended, whoever ended it. */
  readonly ended: Promise<string>
  /**
   * Pays out of the faucet and waits until the payment is final.
   *
   * @throws Error with the chain's reason, or because the devnet has ended
   */
  fund(address: string, amountRao: bigint): Promise<DevnetPayment>
  /** Lets the process write what it has and end. Resolves when it is gone. */
  close(): Promise<void>
}

/** What a process that does not end by itself is given, before it is ended. */
const CLOSE_MS = 10_000

/** @throws Error when it does not get ready: its own reason, its end, or the time */
export async function startDevnet(options: StartDevnetOptions): Promise<DevnetHandle> {
  const { entryFile, execArgv, timeoutMs, onLine, ...start } = options
  const child = fork(entryFile, [], {
    execArgv: [...execArgv],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', onLine)
  }
  const link = new DevnetLink(child, onLine)
  try {
    return await link.start({ kind: 'start', ...start }, timeoutMs)
  } catch (error) {
    await link.close()
    throw error
  }
}

type Waiting = { readonly resolve: (payment: DevnetPayment) => void; readonly reject: (error: Error) => void }

class DevnetLink {
  readonly #child: ChildProcess
  readonly #payments = new Map<number, Waiting>()
  readonly ended: Promise<string>
  problem: string | null = null
  #nextId = 1
  #failure: string | null = null
  #onReady: ((ready: DevnetReady) => void) | null = null

  constructor(child: ChildProcess, onLine: (line: string) => void) {
    this.#child = child
    this.ended = new Promise((resolve) => {
      const end = (reason: string) => {
        if (this.problem !== null) return
        this.problem = this.#failure ?? reason
        for (const { reject } of this.#payments.values()) reject(new Error(this.problem))
        this.#payments.clear()
        resolve(this.problem)
      }
      child.on('exit', (code, signal) => end(`The devnet has ended (${signal ?? `exit ${code}`}).`))
      child.on('error', (error) => end(`The devnet cannot be started: ${error.message}`))
    })
    child.on('message', (message: FromDevnet) => this.#take(message, onLine))
  }

  async start(message: DevnetStart, timeoutMs: number): Promise<DevnetHandle> {
    const { promise: late, cancel } = timeout(timeoutMs)
    const ready = new Promise<DevnetReady>((resolve) => {
      this.#onReady = resolve
    })
    const failed = this.ended.then((reason) => Promise.reject(new Error(reason)))
    failed.catch(() => {}) // Later ends are told by `ended`.
    this.#send(message)
    try {
      const { kind: _, ...facts } = await Promise.race([ready, failed, late])
      return this.#handle(facts)
    } finally {
      cancel()
    }
  }

  async close(): Promise<void> {
    if (this.problem !== null) return
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS)
    await this.ended
    clearTimeout(timer)
  }

  #handle(facts: Omit<DevnetReady, 'kind'>): DevnetHandle {
    const link = this
    return {
      ...facts,
      pid: this.#child.pid ?? 0,
      get problem() {
        return link.problem
      },
      ended: this.ended,
      fund: (address, amountRao) => this.#fund(address, amountRao),
      close: () => this.close(),
    }
  }

  #fund(address: string, amountRao: bigint): Promise<DevnetPayment> {
    return new Promise((resolve, reject) => {
      if (this.problem !== null) {
        reject(new Error(this.problem))
        return
      }
      const id = this.#nextId
      this.#nextId += 1
      this.#payments.set(id, { resolve, reject })
      this.#send({ kind: 'fund', id, address, amountRao })
    })
  }

  #send(message: ToDevnet): void {
    // An error here means that the process is going; its end follows and says why.
    this.#child.send(message, () => {})
  }

  #take(message: FromDevnet, onLine: (line: string) => void): void {
    switch (message.kind) {
      case 'ready':
        this.#onReady?.(message)
        break
      case 'paid':
        this.#payments.get(message.id)?.resolve(message.payment)
        this.#payments.delete(message.id)
        break
      case 'not-paid':
        this.#payments.get(message.id)?.reject(new Error(message.message))
        this.#payments.delete(message.id)
        break
      case 'warning':
        onLine(message.message)
        break
      case 'failed':
        this.#failure = `The devnet has failed: ${message.message}`
        break
    }
  }
}

function timeout(timeMs: number): { readonly promise: Promise<never>; readonly cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The devnet was not ready after ${timeMs} ms.`)), timeMs)
  })
  return { promise, cancel: () => clearTimeout(timer) }
}
