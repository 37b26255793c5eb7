/** Random histories of runs and files under sweeps: what is open or named stays, and no money goes. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Store } from '../../../src/ports/store.ts'
import { type Customer, newCustomer } from '../../contract/money.ts'
import { fileOf, finishRun, openRun } from '../../contract/retention.ts'
import { fakeBlobs } from '../../fakes/blobs.ts'
import { type OpenStore, STORES } from './stores.ts'

const SEED = Date.now() % 2 ** 31
const HOUR_MS = 3_600_000

const act = fc.oneof(
  fc.record({ kind: fc.constant('run' as const), names: fc.nat(9) }),
  fc.record({ kind: fc.constant('finish' as const), which: fc.nat(9) }),
  fc.record({ kind: fc.constant('file' as const), isMade: fc.boolean(), isCut: fc.boolean() }),
  fc.record({ kind: fc.constant('sweep runs' as const), isTurned: fc.boolean(), rowsMax: fc.nat(20) }),
  fc.record({
    kind: fc.constant('sweep files' as const),
    isMade: fc.boolean(),
    limit: fc.integer({ min: 1, max: 4 }),
  }),
)
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never

/** One account, what it has, and what a sweep must leave. */
class History {
  readonly store: Store
  readonly customer: Customer
  readonly blobs = fakeBlobs()
  readonly open = new Map<string, string | null>()
  readonly receipts: string[] = []
  readonly files: string[] = []

  constructor(store: Store, customer: Customer) {
    this.store = store
    this.customer = customer
  }

  async apply(next: Act): Promise<void> {
    const { store, customer, blobs } = this
    switch (next.kind) {
      case 'run': {
        const named = this.files[next.names] ?? null
        const isThere = named !== null && (await store.files.find(named, customer.accountId)) !== null
        const definition = { input: isThere ? { $file: named } : null }
        this.open.set(await openRun(store, customer, { definition }), isThere ? named : null)
        return
      }
      case 'finish': {
        const runId = [...this.open.keys()][next.which]
        if (runId === undefined) return
        this.open.delete(runId)
        this.receipts.push(await finishRun(store, customer, runId))
        return
      }
      case 'file': {
        const file = fileOf(customer.accountId, next.isMade ? {} : { purpose: 'user_data' })
        await blobs.write(file.id, Buffer.from('x'))
        // A crash between content and row.
        if (next.isCut) return
        await store.files.add(file)
        this.files.push(file.id)
        return
      }
      case 'sweep runs': {
        const olderThanMs = next.isTurned ? -1000 : HOUR_MS
        await store.retention.removeRuns({ olderThanMs, rowsMax: next.rowsMax })
        return
      }
      case 'sweep files': {
        const origin = next.isMade ? 'made' : 'uploaded'
        const gone = await store.retention.removeFiles({ origin, olderThanMs: -1000, limit: next.limit })
        for (const id of gone) await blobs.remove(id)
        for await (const keys of blobs.listOld(-1000)) {
          for (const key of await store.retention.listUnnamed(keys)) await blobs.remove(key)
        }
      }
    }
  }

  async check(): Promise<void> {
    const { store, customer, blobs } = this
    for (const [runId, named] of this.open) {
      expect(await store.runs.find(runId, null)).toMatchObject({
        status: 'queued',
        steps: [{ status: 'ready' }],
      })
      expect(await store.runs.log.listEvents(runId, 0, 10)).toHaveLength(1)
      if (named !== null) expect(await store.files.find(named, customer.accountId)).not.toBeNull()
    }
    for (const id of this.files) {
      if (await store.files.find(id, customer.accountId)) expect(await blobs.read(id)).toHaveLength(1)
    }
    for (const id of this.receipts) {
      expect(await store.ledger.findReceipt(customer.accountId, id)).toMatchObject({ capturedRao: 30n })
    }
  }
}

for (const { name, open, skip } of STORES) {
  let opened: OpenStore | null = null
  beforeAll(async () => {
    if (skip === null) opened = await open()
    console.log(`retention.property seed ${SEED}`)
  })
  afterAll(() => opened?.close())

  it.skipIf(skip !== null)(
    `${name}: no sweep takes a run that is open, a file that it names, or money`,
    async () => {
      const { store } = opened!
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
          const history = new History(store, await newCustomer(store, 100_000n))
          for (const next of acts) await history.apply(next)
          await history.check()
          expect(await store.ledger.verify()).toMatchObject({ holds: true })
        }),
        { numRuns: 25, seed: SEED },
      )
    },
  )
}
