/** All changes of the schema, oldest first. One that was released is never edited: a change is a new line. */
import { blobTables } from './blob-tables.ts'
import { depositFunctions } from './deposit-functions.ts'
import { fileTables } from './file-tables.ts'
import { fleetTables } from './fleet-tables.ts'
import { keyMeters } from './key-meters.ts'
import { keyRules } from './key-rules.ts'
import { ledgerCommit } from './ledger-commit.ts'
import { ledgerFunctions } from './ledger-functions.ts'
import { minerSightings } from './miner-sightings.ts'
import { moneyTables } from './money-tables.ts'
import { retentionIndexes } from './retention-indexes.ts'
import { runTables } from './run-tables.ts'
import { spendLeases } from './spend-leases.ts'

export type Migration = { readonly name: string; readonly sql: string }

export const MIGRATIONS: readonly Migration[] = [
  { name: '0001-money', sql: moneyTables },
  { name: '0002-ledger-functions', sql: ledgerFunctions },
  { name: '0003-ledger-commit', sql: ledgerCommit },
  { name: '0004-deposits', sql: depositFunctions },
  { name: '0005-files', sql: fileTables },
  { name: '0006-runs', sql: runTables },
  { name: '0007-spend-leases', sql: spendLeases },
  { name: '0008-keys', sql: keyRules },
  { name: '0009-fleet', sql: fleetTables },
  { name: '0010-key-meters', sql: keyMeters },
  { name: '0011-sightings', sql: minerSightings },
  { name: '0012-blobs', sql: blobTables },
  { name: '0013-retention', sql: retentionIndexes },
]
