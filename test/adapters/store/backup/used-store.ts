/** Stores with a history of everything that a backup holds, for its tests. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { directoryBlobs } from '../../../../adapters/blobs/directory.ts'
import { openServerStore } from '../../../../adapters/store/server/open-server-store.ts'
import { openBackup } from '../../../../src/backup/backup-file.ts'
import { writeBackup } from '../../../../src/backup/write-backup.ts'
import type { RestoreReport, StoreBackup } from '../../../../src/ports/backup.ts'
import type { NewRun, StepCommit } from '../../../../src/ports/runs.ts'
import type { Blobs, Store } from '../../../../src/ports/store.ts'
import { type Customer, holdRequest, newCustomer, receiptFor, unique } from '../../../contract/money.ts'
import { makeDatabase } from '../own-database.ts'
import { openEmbeddedAt, PROCESS_ID, temporaryDirectory } from '../stores.ts'

export type Opened = {
  readonly store: Store
  readonly backup: StoreBackup
  readonly blobs: Blobs
  /** Where restored files go when not into the database. */
  readonly writeContent: Blobs['write'] | null
  readonly query: (text: string) => Promise<readonly Record<string, unknown>[]>
  readonly close: () => Promise<void>
}

export async function openEmbedded(): Promise<Opened> {
  const directory = await temporaryDirectory()
  const { store, backup, queuePool } = await openEmbeddedAt(directory)
  const blobs = directoryBlobs(join(directory, 'blobs'))
  return {
    ...{ store, backup, blobs, writeContent: blobs.write },
    query: async (text) => (await queuePool.query(text)).rows,
    async close() {
      await store.lifecycle.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export async function openServer(): Promise<Opened> {
  const own = await makeDatabase()
  const { store, backup, blobs } = await openServerStore({
    ...{ server: own.server, poolMax: 10, hasQueue: false, processId: PROCESS_ID },
  })
  return {
    ...{ store, backup, blobs, writeContent: null, query: own.query },
    async close() {
      await store.lifecycle.close()
      await own.drop()
    },
  }
}

/** The bytes of a backup file. */
export async function makeBackup({ backup, blobs }: Pick<Opened, 'backup' | 'blobs'>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  await writeBackup({ backup, blobs, version: '0.0.0-test' }, async (bytes) => void parts.push(bytes))
  return Buffer.concat(parts)
}

export const bytesOf = (file: Buffer, partBytes = 64 * 1024) =>
  async function* () {
    for (let at = 0; at < file.length; at += partBytes) yield file.subarray(at, at + partBytes)
  }

/** First the whole file is checked, then it is restored. */
export async function restoreBackup(file: Buffer, { backup, writeContent }: Opened): Promise<RestoreReport> {
  const { source } = await openBackup(bytesOf(file))
  return backup.restore(source, writeContent)
}

const LEASE = { processId: PROCESS_ID, leaseMs: 600_000, announce: () => [] }

export const newRun = ({ accountId, keyId }: Customer): NewRun => ({
  id: `run_${unique()}`,
  ...{ accountId, keyId, priceVersion: '1', holdRao: 1_000n, timeoutMs: 600_000, idempotency: null },
  definition: { version: 1, steps: [{ id: 'first' }, { id: 'second' }], text: 'line\nbreak, "quotes", ☃' },
  steps: [
    { id: 'first', use: 'chat', ready: true },
    { id: 'second', use: 'chat', ready: false },
  ],
  events: [{ type: 'run.created', stepId: null, data: {} }],
})

/** Performs one step as a worker does; the second one ends the run. */
export async function performStep(store: Store, runId: string, stepId: 'first' | 'second'): Promise<void> {
  const claim = await store.runs.claim(runId, stepId, LEASE)
  if (!claim) throw new Error(`${stepId} is not to be had`)
  const { run, fence } = claim
  const hold = holdRequest({ accountId: run.accountId, keyId: run.keyId, sha256: '' }, run.heldRao)
  const receipt = receiptFor(hold, 100n, {
    ...{ id: `rcp_${runId}_${stepId}`, requestId: runId, runId, stepId, releasedRao: 0n },
  })
  const isLast = stepId === 'second'
  const commit: StepCommit = {
    ...{ status: 'succeeded', attempts: 1, output: { text: stepId }, error: null, provider: null, receipt },
    ...{ ready: isLast ? [] : ['second'], skipped: [], delayMs: 0 },
    events: [{ type: 'step.succeeded', stepId, data: {} }],
    end: isLast ? { status: 'succeeded', output: { done: true }, partial: false, error: null } : null,
  }
  if (!(await store.runs.commitStep({ runId, stepId, fence }, () => commit))) throw new Error('not committed')
}

export async function charge(store: Store, customer: Customer, amountRao: bigint): Promise<string> {
  const hold = holdRequest(customer, 1_000n)
  await store.ledger.commit({ holds: [hold], settlements: [], voids: [], captures: [] })
  const receipt = receiptFor(hold, amountRao)
  const settlements = [{ holdId: hold.id, receipt }]
  await store.ledger.commit({ holds: [], settlements, voids: [], captures: [] })
  return receipt.id
}

export async function addFile(
  { store, blobs }: Pick<Opened, 'store' | 'blobs'>,
  accountId: string,
  bytes: Buffer,
) {
  const id = `file-${unique()}`
  await blobs.write(id, bytes)
  await store.files.add({
    ...{ id, accountId, fileName: 'a.bin', purpose: 'user_data', mime: 'image/png', sizeBytes: bytes.length },
    ...{ sha256: 'ab'.repeat(32), width: 1, height: null, durationSeconds: 0.1 },
    createdAt: '2026-11-25T10:00:00.000Z',
  })
  return id
}

/** Larger than a double holds exactly: a number on the way would change it. */
export const FUNDS_RAO = 2n ** 53n + 1n

/** Uses a store as customers do. @returns what must be found again */
export async function useStore(opened: Opened) {
  const { store } = opened
  const customer = await newCustomer(store, FUNDS_RAO)
  const receiptId = await charge(store, customer, 7n)
  // One request is under way, and one run has been ended, another one is in the middle, a third is being worked on.
  await store.ledger.commit({
    holds: [holdRequest(customer, 500n)],
    settlements: [],
    voids: [],
    captures: [],
  })
  const runs = [newRun(customer), newRun(customer), newRun(customer)] as const
  for (const run of runs) await store.runs.create(run)
  const [ended, halfway, claimed] = runs.map(({ id }) => id) as [string, string, string]
  await performStep(store, ended, 'first')
  await performStep(store, ended, 'second')
  await performStep(store, halfway, 'first')
  await store.runs.claim(claimed, 'first', LEASE)
  // Not a multiple of the chunks that it is stored and carried in.
  const bytes = randomBytes(2_500_001)
  const fileId = await addFile(opened, customer.accountId, bytes)
  await store.documents.write('prices:1', { b: 1.5, a: [1, 2] })
  return { customer, receiptId, ended, halfway, claimed, fileId, bytes }
}
