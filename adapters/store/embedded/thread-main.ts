/** Entry of the database's thread: PGlite behind the wire multiplexer. A query never blocks the gateway's own loop. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { prepareDatabaseDirectory } from './database-directory.ts'
import { openDatabase } from './open-database.ts'
import type { FromThread, ThreadSettings, ToThread } from './thread-messages.ts'
import { ownBytes } from './thread-messages.ts'
import { WireMultiplexer } from './wire-multiplexer.ts'

async function main(port: MessagePort, settings: ThreadSettings): Promise<void> {
  const post = (message: FromThread): void => port.postMessage(message)
  const writeTemplate = await prepareDatabaseDirectory(settings.databaseDirectory, settings.templateFile)
  const database = await openDatabase(settings.databaseDirectory)
  const { rows } = await database.query<{ version: string }>(
    `select current_setting('server_version') version`,
  )
  let isBroken = false

  /** Synchronous: what PGlite throws here is a crash of the backend (errors of SQL come as frames), after which it must not be used. */
  const execute = (bytes: Uint8Array): Uint8Array => {
    if (isBroken) return new Uint8Array()
    try {
      return database.execProtocolRawSync(bytes)
    } catch (error) {
      isBroken = true
      post({ kind: 'failed', message: error instanceof Error ? error.message : 'the database crashed' })
      return new Uint8Array()
    }
  }

  const multiplexer = new WireMultiplexer({
    execute,
    idleTransactionMs: settings.idleTransactionMs,
    parameters: {
      server_version: rows[0]?.version ?? '18',
      server_encoding: 'UTF8',
      client_encoding: 'UTF8',
      DateStyle: 'ISO, MDY',
      integer_datetimes: 'on',
      standard_conforming_strings: 'on',
      TimeZone: 'UTC',
    },
  })

  const template = writeTemplate?.().catch(() => {
    // Not writable, or full: the next first start makes its directory with initdb again.
  })
  const close = async (): Promise<void> => {
    await template
    if (!isBroken) await database.close()
    post({ kind: 'closed' })
  }

  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'connect': {
        const { id } = message
        multiplexer.connect(id, (bytes) => post({ kind: 'data', id, bytes: bytes && ownBytes(bytes) }))
        return
      }
      case 'data':
        multiplexer.receive(message.id, message.bytes)
        return
      case 'end':
        multiplexer.end(message.id)
        return
      case 'close':
        void close()
        return
    }
  })
  post({ kind: 'ready' })
}

if (!parentPort) throw new Error('this file is the entry of a worker thread')
// Set by `startDatabaseThread`, the only one who starts this file.
await main(parentPort, workerData as ThreadSettings)
