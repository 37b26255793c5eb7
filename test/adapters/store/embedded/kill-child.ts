/** Works with money until it is killed, and tells what was acknowledged. Started by `kill.test.ts`, bundled. */
import { writeSync } from 'node:fs'
import { openEmbeddedStore } from '../../../../adapters/store/embedded/open-embedded-store.ts'
import { holdRequest, newCustomer, receiptFor } from '../../../contract/money.ts'

const [, , directory = '', workerFile = '', templateDirectory = '', processId = ''] = process.argv
const { store } = await openEmbeddedStore({ directory, workerFile, templateDirectory, processId })
/** At once: what is still in a buffer when the process is killed was never said. */
const say = (...words: readonly unknown[]): void => {
  writeSync(1, `${words.join(' ')}\n`)
}

// What the process before held and did not settle is given back, as at every start.
await store.ledger.sweep({ keepProcessId: processId })
const customer = await newCustomer(store, 10n ** 12n)
say('customer', customer.accountId)

let count = 0
async function work(): Promise<never> {
  for (;;) {
    count += 1
    const hold = holdRequest(customer, 1000n)
    await store.ledger.commit({ holds: [hold], settlements: [], voids: [], captures: [] })
    say('held', hold.id)
    if (count % 4 === 0) {
      await store.ledger.commit({ holds: [], settlements: [], voids: [hold.id], captures: [] })
      say('voided', hold.id)
    } else {
      const receipt = receiptFor(hold, BigInt(count % 1000))
      const outcome = await store.ledger.commit({
        holds: [],
        settlements: [{ holdId: hold.id, receipt }],
        voids: [],
        captures: [],
      })
      say(outcome.settlements[0]?.kind, hold.id, receipt.capturedRao)
    }
  }
}
await Promise.all([work(), work(), work()])
