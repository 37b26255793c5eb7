/** A whole sweep on the real embedded database and a real folder of content. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { directoryBlobs } from '../../../adapters/blobs/directory.ts'
import { systemTiming, type Timing } from '../../../src/billing/timing.ts'
import { openRetentionOffice } from '../../../src/fleet/retention-office.ts'
import { openEmbeddedAt, temporaryDirectory } from '../../adapters/store/stores.ts'
import { newCustomer } from '../../contract/money.ts'
import { fileOf, finishRun, openRun } from '../../contract/retention.ts'
import { keptLog } from '../billing/manual-timing.ts'

const directory = await temporaryDirectory()
afterAll(() => rm(directory, { recursive: true, force: true }))

const LEASE_MS = 3_000
const HOUR_MS = 3_600_000

/** Pauses end at once. The one of an hour begins when the sweep is done, and does not end. */
function hurriedTiming() {
  let done = () => {}
  const swept = new Promise<void>((resolve) => {
    done = resolve
  })
  const timing: Timing = {
    ...systemTiming,
    after(delayMs, callback) {
      if (delayMs === HOUR_MS) done()
      else if (delayMs !== LEASE_MS) setImmediate(callback)
      return () => {}
    },
  }
  return { timing, swept }
}

it('ended runs, made files and content without a row go; open runs, their files, receipts and books stay', async () => {
  const { store } = await openEmbeddedAt(join(directory, 'store'))
  const folder = join(directory, 'blobs')
  // Four hours on, for the age of content.
  const blobs = directoryBlobs(folder, () => Date.now() + 4 * HOUR_MS)
  const customer = await newCustomer(store, 100_000n)
  const put = async (purpose = 'pipeline_output') => {
    const file = fileOf(customer.accountId, { purpose })
    await blobs.write(file.id, Buffer.from('x'))
    await store.files.add(file)
    return file.id
  }
  const receipts: string[] = []
  for (let n = 0; n < 60; n += 1) {
    receipts.push(await finishRun(store, customer, await openRun(store, customer)))
  }
  for (let n = 0; n < 30; n += 1) await put()
  const [named, sent] = [await put(), await put('user_data')]
  const open = await openRun(store, customer, { definition: { input: { $file: named } } })
  await blobs.write('file-lost', Buffer.from('x'))

  const { timing, swept } = hurriedTiming()
  const office = openRetentionOffice({
    // Ages below zero are the clock turned on.
    keep: { runsMs: -1000, filesMs: -1000, uploadsMs: null },
    ...{ retention: store.retention, leases: store.leases, blobs, timing, log: keptLog(), holderId: 'a' },
  })
  await swept
  expect(office.state()).toMatchObject({ removed: { runs: 60, files: 30, leftovers: 1 }, problem: null })
  await office.close()

  const left = await store.runs.list(customer.accountId, { limit: 100, after: null })
  expect(left.map(({ id, status }) => [id, status])).toEqual([[open, 'queued']])
  expect((await readdir(folder)).sort()).toEqual([named, sent].sort())
  for (const id of receipts) {
    expect(await store.ledger.findReceipt(customer.accountId, id)).toMatchObject({ id, capturedRao: 30n })
  }
  expect(await store.ledger.verify()).toMatchObject({ holds: true })
  await store.lifecycle.close()
})
