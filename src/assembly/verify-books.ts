/** Proves the books of a gateway that does not run, by opening its store alone. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { openEmbeddedStore } from '../../adapters/store/embedded/open-embedded-store.ts'
import type { Config } from '../config.ts'
import type { LedgerReport } from '../ports/ledger.ts'
import type { ProgramFiles } from './files.ts'

/** @throws Error when another process has the data directory */
export async function verifyBooks(config: Config, { distDirectory }: ProgramFiles): Promise<LedgerReport> {
  const { store } = await openEmbeddedStore({
    directory: config.dataDirectory,
    workerFile: join(distDirectory, 'store-thread.mjs'),
    templateDirectory: join(distDirectory, 'template'),
    processId: randomUUID(),
  })
  try {
    return await store.ledger.verify()
  } finally {
    await store.lifecycle.close()
  }
}
