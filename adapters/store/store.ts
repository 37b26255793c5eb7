/** One database behind the ports of the store. */
import type { Store, StoreState } from '../../src/ports/store.ts'
import { createAccounts } from './accounts.ts'
import { createAuditLog } from './audit.ts'
import type { Database } from './database.ts'
import { createDeposits } from './deposits.ts'
import { createDocuments, createFiles } from './files.ts'
import { createFleet } from './fleet.ts'
import { createKeys } from './keys.ts'
import { createLeases } from './leases.ts'
import { createLedger } from './ledger.ts'
import { createRateLimits } from './rate-limits.ts'
import { createRetention } from './retention.ts'
import { createRuns } from './runs.ts'
import { createSightings } from './sightings.ts'

export type StoreOptions = {
  /** Names this process in what it holds and leases. */
  readonly processId: string
  readonly state: () => StoreState
  readonly close: () => Promise<void>
}

export function createStore(database: Database, options: StoreOptions): Store {
  const { processId, state, close } = options
  return {
    ledger: createLedger(database, { processId }),
    deposits: createDeposits(database),
    accounts: createAccounts(database),
    keys: createKeys(database),
    audit: createAuditLog(database),
    limits: createRateLimits(database),
    runs: createRuns(database, { processId }),
    files: createFiles(database),
    documents: createDocuments(database),
    retention: createRetention(database),
    fleet: createFleet(database),
    leases: createLeases(database),
    sightings: createSightings(database),
    lifecycle: {
      state,
      async ping() {
        await database.query('select 1')
      },
      close,
    },
  }
}
