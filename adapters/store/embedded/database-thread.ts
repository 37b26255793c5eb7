/** The gateway's end of the database's thread. */
import { Worker } from 'node:worker_threads'
import { type FromThread, ownBytes, type ThreadSettings, type ToThread } from './thread-messages.ts'

/** What a virtual socket needs of it. */
export type DatabaseThread = {
  /** Opens a connection. `onBytes` gets what the database sends; `onEnd` the end, with a reason when it is not by request. */
  connect(onBytes: (bytes: Buffer) => void, onEnd: (reason: Error | null) => void): number
  send(connectionId: number, bytes: Uint8Array): void
  end(connectionId: number): void
  /** Why the database is of no use any more; null while it serves. */
  problem(): string | null
  /** Closes the database with a checkpoint, then the thread. Open connections see their end. */
  close(): Promise<void>
}

export type DatabaseThreadOptions = ThreadSettings & {
  /** The bundled or plain `thread-main`. */
  readonly workerFile: URL | string
  /** Node's arguments for the thread, such as a loader for TypeScript. */
  readonly execArgv: readonly string[]
}

type Ends = { readonly onBytes: (bytes: Buffer) => void; readonly onEnd: (reason: Error | null) => void }

/** Starts the thread. Resolves when the database serves. @throws Error when it cannot be opened */
export async function startDatabaseThread(options: DatabaseThreadOptions): Promise<DatabaseThread> {
  const { workerFile, execArgv, ...settings } = options
  const worker = new Worker(workerFile, { workerData: settings, execArgv: [...execArgv] })
  const connections = new Map<number, Ends>()
  let problem: string | null = null
  let nextId = 1
  const post = (message: ToThread): void => worker.postMessage(message)

  const fail = (reason: string): void => {
    problem ??= reason
    for (const { onEnd } of connections.values()) onEnd(new Error(`the database has stopped: ${reason}`))
    connections.clear()
  }
  const receive = (message: FromThread): void => {
    if (message.kind === 'failed') fail(message.message)
    if (message.kind !== 'data') return
    const ends = connections.get(message.id)
    if (message.bytes) {
      ends?.onBytes(Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.byteLength))
    } else {
      connections.delete(message.id)
      ends?.onEnd(null)
    }
  }

  worker.on('message', receive)
  worker.on('error', (error) => fail(error.message))
  worker.on('exit', (code) => fail(`its thread ended with code ${code}`))
  await waitFor(worker, 'ready')

  return {
    connect(onBytes, onEnd) {
      const id = nextId
      nextId += 1
      if (problem !== null) {
        const reason = new Error(`the database has stopped: ${problem}`)
        queueMicrotask(() => onEnd(reason))
        return id
      }
      connections.set(id, { onBytes, onEnd })
      post({ kind: 'connect', id })
      return id
    },
    send: (id, bytes) => post({ kind: 'data', id, bytes: ownBytes(bytes) }),
    end: (id) => post({ kind: 'end', id }),
    problem: () => problem,
    async close() {
      if (problem === null) {
        const closed = waitFor(worker, 'closed')
        problem = 'it was closed'
        post({ kind: 'close' })
        await closed
      }
      await worker.terminate()
    },
  }
}

function waitFor(worker: Worker, kind: FromThread['kind']): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', onMessage)
      worker.off('error', onError)
      worker.off('exit', onExit)
      act()
    }
    const onMessage = (message: FromThread): void => {
      if (message.kind === kind) settle(resolve)
    }
    const onError = (error: Error): void => settle(() => reject(error))
    const onExit = (code: number): void =>
      settle(() => reject(new Error(`the database's thread ended with code ${code}`)))
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
  })
}
