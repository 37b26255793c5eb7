/** What every store promises of what goes after a time. A negative age is the clock turned on. */
import { beforeAll, describe, expect, it } from 'vitest'
import { MADE_PURPOSE } from '../../src/ports/retention.ts'
import type { NewRun } from '../../src/ports/runs.ts'
import type { Store, StoredFile } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { type Customer, holdRequest, newCustomer, receiptFor, unique } from './money.ts'

const HOUR_MS = 3_600_000

/** As if a second had passed. */
const A_SECOND_ON = -1000

/** A run of one step, open. @returns its id */
export async function openRun(
  store: Store,
  { accountId, keyId }: Customer,
  more: Partial<NewRun> = {},
): Promise<string> {
  const id = `run_${unique()}`
  const outcome = await store.runs.create({
    id,
    accountId,
    keyId,
    definition: { version: 1 },
    priceVersion: '1',
    holdRao: 100n,
    timeoutMs: HOUR_MS,
    steps: [{ id: 'a', use: 'chat', ready: true }],
    events: [{ type: 'run.created', stepId: null, data: {} }],
    idempotency: null,
    ...more,
  })
  expect(outcome).toMatchObject({ kind: 'created' })
  return id
}

/** Ends its step and the run with it, for 30 rao. @returns the id of the receipt */
export async function finishRun(store: Store, customer: Customer, runId: string): Promise<string> {
  const options = { processId: 'process-1', leaseMs: HOUR_MS, announce: () => [] }
  const claim = await store.runs.claim(runId, 'a', options)
  if (!claim) throw new Error('the step is not to be had')
  const receiptId = `rcp_${runId}`
  const receipt = receiptFor(holdRequest(customer, 100n), 30n, {
    ...{ id: receiptId, requestId: runId, releasedRao: 0n, runId, stepId: 'a' },
  })
  const end = { status: 'succeeded', output: { text: 'hello' }, partial: false, error: null } as const
  await store.runs.commitStep({ runId, stepId: 'a', fence: claim.fence }, () => ({
    ...{ status: 'succeeded', attempts: 1, output: { text: 'hello' }, error: null, provider: null },
    ...{ receipt, ready: [], skipped: [], delayMs: 0, end },
    events: ['step.succeeded', 'run.succeeded'].map((type) => ({ type, stepId: null, data: {} })),
  }))
  return receiptId
}

export function fileOf(accountId: string, more: Partial<StoredFile> = {}): StoredFile {
  return {
    ...{ id: `file-${unique()}`, accountId, fileName: 'a.png', purpose: MADE_PURPOSE, mime: 'image/png' },
    ...{ sizeBytes: 7, sha256: 'ab'.repeat(32), width: null, height: null, durationSeconds: null },
    createdAt: new Date(Date.now() - 1000).toISOString(),
    ...more,
  }
}

export function retentionContract(name: string, { make }: StoreContract): void {
  describe(`retention: ${name}`, () => {
    let store: Store
    let customer: Customer
    beforeAll(async () => {
      store = await make()
      customer = await newCustomer(store, 100_000n)
    })

    const removeRuns = (olderThanMs = A_SECOND_ON, rowsMax = 100) =>
      store.retention.removeRuns({ olderThanMs, rowsMax })
    /** Clears the table that the tests share of what others have left. */
    const removeAllRuns = async () => {
      while ((await removeRuns()).runs > 0);
    }
    const removeFiles = (origin: 'made' | 'uploaded', olderThanMs = A_SECOND_ON, limit = 1000) =>
      store.retention.removeFiles({ origin, olderThanMs, limit })

    it('a run goes with its steps and events, and its receipt, hold and the balance stay', async () => {
      await removeAllRuns()
      const runId = await openRun(store, customer)
      const receiptId = await finishRun(store, customer, runId)
      const before = await store.ledger.readBalance(customer.accountId)
      expect(await removeRuns()).toEqual({ runs: 1, rows: 5 })
      expect(await store.runs.find(runId, null)).toBeNull()
      expect(await store.runs.log.listEvents(runId, 0, 10)).toEqual([])
      expect(await store.runs.list(customer.accountId, { limit: 10, after: null })).toEqual([])
      expect(await store.ledger.findReceipt(customer.accountId, receiptId)).toMatchObject({
        id: receiptId,
        capturedRao: 30n,
      })
      expect(await store.ledger.readBalance(customer.accountId)).toEqual(before)
      expect(await store.ledger.verify()).toMatchObject({ holds: true })
    })

    it('a run that has not ended stays, however old', async () => {
      await removeAllRuns()
      const queued = await openRun(store, customer)
      const running = await openRun(store, customer)
      await store.runs.claim(running, 'a', { processId: 'p', leaseMs: HOUR_MS, announce: () => [] })
      const before = [await store.runs.find(queued, null), await store.runs.find(running, null)]
      expect(await removeRuns()).toEqual({ runs: 0, rows: 0 })
      expect([await store.runs.find(queued, null), await store.runs.find(running, null)]).toEqual(before)
      expect(await store.runs.log.listEvents(running, 0, 10)).toHaveLength(1)
    })

    it('a run that ended a moment ago stays', async () => {
      await removeAllRuns()
      const runId = await openRun(store, customer)
      await finishRun(store, customer, runId)
      expect(await removeRuns(HOUR_MS)).toEqual({ runs: 0, rows: 0 })
      expect(await store.runs.find(runId, null)).not.toBeNull()
    })

    it('the oldest go first, at least one at a time', async () => {
      await removeAllRuns()
      const ids: string[] = []
      for (let n = 0; n < 3; n += 1) {
        const runId = await openRun(store, customer)
        await finishRun(store, customer, runId)
        ids.push(runId)
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(await removeRuns(A_SECOND_ON, 1)).toMatchObject({ runs: 1 })
      const left = (await store.runs.list(customer.accountId, { limit: 10, after: null })).map(({ id }) => id)
      expect(left.filter((id) => ids.includes(id))).toEqual([ids[2], ids[1]])
      expect(await removeRuns(A_SECOND_ON, 100)).toMatchObject({ runs: 2 })
    })

    it('several who remove at once remove each run once', async () => {
      await removeAllRuns()
      for (let n = 0; n < 8; n += 1) await finishRun(store, customer, await openRun(store, customer))
      const removed = await Promise.all(Array.from({ length: 6 }, () => removeRuns(A_SECOND_ON, 5)))
      const rest = await removeRuns()
      expect([...removed, rest].reduce((sum, { runs }) => sum + runs, 0)).toBe(8)
    })

    it('that a run was removed is known to its own account', async () => {
      const other = await newCustomer(store, 0n)
      const runId = await openRun(store, customer)
      await finishRun(store, customer, runId)
      const { log } = store.runs
      expect(await log.wasRemoved(runId, customer.accountId)).toBe(false)
      await removeAllRuns()
      expect(await log.wasRemoved(runId, customer.accountId)).toBe(true)
      expect(await log.wasRemoved(runId, other.accountId)).toBe(false)
      expect(await log.wasRemoved(`run_${unique()}`, customer.accountId)).toBe(false)
    })

    it('a run of the same name is not made again, and nothing is held for it', async () => {
      const runId = await openRun(store, customer, { idempotency: { key: unique(), fingerprint: 'x' } })
      await finishRun(store, customer, runId)
      await removeAllRuns()
      const before = await store.ledger.readBalance(customer.accountId)
      await expect(openRun(store, customer, { id: runId })).rejects.toMatchObject({ code: 'conflict' })
      expect(await store.ledger.readBalance(customer.accountId)).toEqual(before)
    })

    it('files go by who made them and by their age, the oldest first', async () => {
      await removeFiles('made')
      await removeFiles('uploaded')
      const at = (ageMs: number) => ({ createdAt: new Date(Date.now() - ageMs).toISOString() })
      const [young, old, older] = [1000, 2 * HOUR_MS, 3 * HOUR_MS].map((ageMs) =>
        fileOf(customer.accountId, at(ageMs)),
      )
      const sent = fileOf(customer.accountId, { ...at(4 * HOUR_MS), purpose: 'user_data' })
      for (const file of [young!, old!, older!, sent]) await store.files.add(file)
      expect(await removeFiles('made', HOUR_MS, 1)).toEqual([older!.id])
      expect(await removeFiles('made', HOUR_MS)).toEqual([old!.id])
      expect(await removeFiles('made', HOUR_MS)).toEqual([])
      expect(await store.files.find(young!.id, customer.accountId)).toEqual(young)
      expect(await removeFiles('uploaded', 5 * HOUR_MS)).toEqual([])
      expect(await removeFiles('uploaded', HOUR_MS)).toEqual([sent.id])
      expect(await store.files.sumBytes(customer.accountId)).toBe(7)
    })

    it('a file that an open run names stays until the run has ended', async () => {
      const file = fileOf(customer.accountId)
      await store.files.add(file)
      const definition = { steps: [{ with: { image: [{ url: { $file: file.id } }] } }] }
      const runId = await openRun(store, customer, { definition })
      expect(await removeFiles('made')).not.toContain(file.id)
      expect(await store.files.find(file.id, customer.accountId)).toEqual(file)
      await finishRun(store, customer, runId)
      expect(await removeFiles('made')).toContain(file.id)
      expect(await store.files.find(file.id, customer.accountId)).toBeNull()
    })

    it('which ids no file has is told', async () => {
      const file = fileOf(customer.accountId)
      await store.files.add(file)
      const nobody = `file-${unique()}`
      expect(await store.retention.listUnnamed([file.id, nobody])).toEqual([nobody])
      expect(await store.retention.listUnnamed([])).toEqual([])
    })
  })
}
