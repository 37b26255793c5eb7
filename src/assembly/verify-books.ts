/** Proves the books by opening the store alone: of a gateway that does not run, or of the server that all share. */
import { randomUUID } from 'node:crypto'
import type { Config } from '../config.ts'
import type { LedgerReport } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import type { ProgramFiles } from './files.ts'
import { openStore } from './storage.ts'

const ignore = () => undefined

/** A command says what went wrong in its own line, and nothing else. */
const NO_LOG: Logger = { error: ignore, warn: ignore, info: ignore, debug: ignore }

/** @throws StartError the store cannot be opened, such as when another process has the data directory */
export async function verifyBooks(config: Config, files: ProgramFiles): Promise<LedgerReport> {
  const options = { config, files, log: NO_LOG, processId: randomUUID() }
  const { store } = await openStore(options, { isCommand: true })
  try {
    return await store.ledger.verify()
  } finally {
    await store.lifecycle.close()
  }
}
