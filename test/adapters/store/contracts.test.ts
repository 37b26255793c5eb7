import { afterAll, beforeAll, describe, it } from 'vitest'
import { accountsContract } from '../../contract/accounts.ts'
import { depositsContract } from '../../contract/deposits.ts'
import { documentsContract } from '../../contract/documents.ts'
import { filesContract } from '../../contract/files.ts'
import { fleetContract } from '../../contract/fleet.ts'
import { keyBudgetsContract } from '../../contract/key-budgets.ts'
import { keysContract } from '../../contract/keys.ts'
import { ledgerContract } from '../../contract/ledger.ts'
import { limitsContract } from '../../contract/limits.ts'
import { retentionContract } from '../../contract/retention.ts'
import { runsContract } from '../../contract/runs.ts'
import { sightingsContract } from '../../contract/sightings.ts'
import { type OpenStore, PROCESS_ID, STORES } from './stores.ts'

for (const { name, open, skip } of STORES) {
  if (skip !== null) {
    it.skip(`all contracts of the store: ${name} (${skip})`, () => {})
    continue
  }
  describe(`store: ${name}`, () => {
    let opened: OpenStore
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened.close())
    const contract = { make: async () => opened.store, processId: PROCESS_ID }
    accountsContract(name, contract)
    keysContract(name, contract)
    limitsContract(name, async () => opened.store.limits)
    depositsContract(name, contract)
    ledgerContract(name, contract)
    keyBudgetsContract(name, contract)
    runsContract(name, contract)
    retentionContract(name, contract)
    filesContract(name, contract)
    documentsContract(name, contract)
    fleetContract(name, contract)
    sightingsContract(name, contract)
  })
}
