import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type KeepTimes, openRetentionOffice } from '../../../src/fleet/retention-office.ts'
import type { Blobs } from '../../../src/ports/store.ts'
import { type Customer, newCustomer } from '../../contract/money.ts'
import { fileOf, finishRun, openRun } from '../../contract/retention.ts'
import { fakeBlobs } from '../../fakes/blobs.ts'
import { fakeStore } from '../../fakes/store.ts'
import { keptLog, manualTiming } from '../billing/manual-timing.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MONTH: KeepTimes = { runsMs: 30 * DAY_MS, filesMs: 30 * DAY_MS, uploadsMs: null }

/** One store and the clock of all; processes with the office, or waiting for it. */
async function openStage(keep: KeepTimes = MONTH) {
  const timing = manualTiming()
  const store = fakeStore({ now: timing.wallMs })
  const blobs = fakeBlobs(timing.wallMs)
  const log = keptLog()
  const customer: Customer = await newCustomer(store, 1_000_000n)
  const open = (holderId = 'a', more: Partial<Blobs> = {}) =>
    openRetentionOffice({
      ...{ keep, timing, log, holderId, retention: store.retention, leases: store.leases },
      blobs: { ...blobs, ...more },
    })
  const put = async (purpose = 'pipeline_output') => {
    const createdAt = new Date(timing.wallMs()).toISOString()
    const file = fileOf(customer.accountId, { purpose, createdAt })
    await blobs.write(file.id, randomBytes(8))
    await store.files.add(file)
    return file.id
  }
  const isThere = async (id: string) => ({
    row: (await store.files.find(id, customer.accountId)) !== null,
    content: await blobs.read(id).then(
      () => true,
      () => false,
    ),
  })
  return { timing, store, blobs, log, customer, open, put, isThere }
}

const GONE = { row: false, content: false }
const THERE = { row: true, content: true }

describe('the retention office', () => {
  it('removes runs and made files after their days, and says how many and when', async () => {
    const { timing, store, customer, open, put, isThere } = await openStage()
    const runId = await openRun(store, customer)
    const receiptId = await finishRun(store, customer, runId)
    const [made, sent] = [await put(), await put('user_data')]
    await timing.advance(30 * DAY_MS - HOUR_MS)
    const office = open()
    await timing.advance(50 * MINUTE_MS)
    expect(office.state()).toMatchObject({ status: 'waiting', removed: { runs: 0, files: 0 }, problem: null })
    expect(await store.runs.find(runId, null)).not.toBeNull()
    await timing.advance(HOUR_MS)
    expect(office.state()).toMatchObject({ removed: { runs: 1, files: 1, leftovers: 0 }, problem: null })
    expect(timing.wallMs() - (office.state().sweptAtMs ?? 0)).toBeLessThan(HOUR_MS)
    expect(await store.runs.find(runId, null)).toBeNull()
    expect([await isThere(made), await isThere(sent)]).toEqual([GONE, THERE])
    expect(await store.ledger.findReceipt(customer.accountId, receiptId)).toMatchObject({ id: receiptId })
    expect(await store.ledger.verify()).toMatchObject({ holds: true })
    await office.close()
    expect(timing.pending()).toBe(0)
  })

  it('keeps for ever what is to be kept for ever', async () => {
    const { timing, store, customer, open, put, isThere } = await openStage({
      ...{ runsMs: null, filesMs: null, uploadsMs: null },
    })
    const runId = await openRun(store, customer)
    await finishRun(store, customer, runId)
    const made = await put()
    await timing.advance(400 * DAY_MS)
    const office = open()
    await timing.advance(2 * HOUR_MS)
    expect(office.state()).toMatchObject({ removed: { runs: 0, files: 0, leftovers: 0 } })
    expect(office.state().sweptAtMs).not.toBeNull()
    expect(await store.runs.find(runId, null)).not.toBeNull()
    expect(await isThere(made)).toEqual(THERE)
    await office.close()
  })

  it('removes what callers have sent only when a time is set for it', async () => {
    const { timing, open, put, isThere } = await openStage({ ...MONTH, uploadsMs: DAY_MS })
    const [made, sent] = [await put(), await put('user_data')]
    await timing.advance(DAY_MS + 1)
    const office = open()
    await timing.advance(2 * MINUTE_MS)
    expect([await isThere(made), await isThere(sent)]).toEqual([THERE, GONE])
    await office.close()
  })

  it('removes content that no file has after three hours, as a crash between content and row leaves it', async () => {
    const { timing, blobs, open, put, isThere } = await openStage()
    const named = await put()
    await blobs.write('file-lost', Buffer.from('x'))
    const office = open()
    await timing.advance(2 * HOUR_MS + 50 * MINUTE_MS)
    expect(office.state().removed.leftovers).toBe(0)
    await timing.advance(2 * HOUR_MS)
    expect(office.state().removed.leftovers).toBe(1)
    expect([await isThere('file-lost'), await isThere(named)]).toEqual([GONE, THERE])
    await office.close()
  })

  it('that dies between a row and its content leaves the content to the next sweep, never a row without it', async () => {
    const { timing, open, put, isThere, log } = await openStage()
    const ids = [await put(), await put(), await put()]
    await timing.advance(30 * DAY_MS + 1)
    let calls = 0
    const office = open('a', {
      async remove() {
        calls += 1
        throw new Error('the disk is gone')
      },
    })
    await timing.advance(2 * MINUTE_MS)
    expect(calls).toBe(1)
    expect(office.state().problem).toBe('the disk is gone')
    for (const id of ids) expect(await isThere(id)).toEqual({ row: false, content: true })
    expect(log.lines.at(-2)).toMatch(/^warn: What is past its time could not be removed/)
    await office.close()
    const next = open('b')
    await timing.advance(2 * MINUTE_MS)
    for (const id of ids) expect(await isThere(id)).toEqual(GONE)
    expect(next.state()).toMatchObject({ removed: { files: 0, leftovers: 3 }, problem: null })
    await next.close()
  })

  it('is of one process; another one takes over within fifteen seconds of its end, and sweeps', async () => {
    const { timing, open, put, isThere } = await openStage()
    const id = await put()
    await timing.advance(30 * DAY_MS + 1)
    const first = open('a')
    const second = open('b')
    await timing.advance(1000)
    expect([first.state().status, second.state().status]).toEqual(['waiting', 'standby'])
    await first.close()
    await timing.advance(15_000)
    expect([first.state().status, second.state().status]).toEqual(['standby', 'waiting'])
    await timing.advance(2 * MINUTE_MS)
    expect(await isThere(id)).toEqual(GONE)
    expect(first.state().removed.files).toBe(0)
    await second.close()
  })

  it('takes no more than some hundred rows a second', async () => {
    const { timing, store, customer, open } = await openStage()
    for (let n = 0; n < 200; n += 1) await finishRun(store, customer, await openRun(store, customer))
    await timing.advance(30 * DAY_MS + 1)
    const office = open()
    await timing.advance(MINUTE_MS)
    let before = office.state().removed.runs
    for (let second = 0; second < 10; second += 1) {
      await timing.advance(1000)
      const now = office.state().removed.runs
      // Five rows a run, and one batch may fall on each end of the second.
      expect((now - before) * 5).toBeLessThanOrEqual(300 + 2 * 250)
      before = now
    }
    expect(before).toBe(200)
    await office.close()
  })

  it('ends after its batch when it is closed', async () => {
    const { timing, store, customer, open } = await openStage()
    for (let n = 0; n < 200; n += 1) await finishRun(store, customer, await openRun(store, customer))
    await timing.advance(30 * DAY_MS + 1)
    const office = open()
    await timing.advance(MINUTE_MS)
    await office.close()
    const { runs } = office.state().removed
    expect(runs).toBeGreaterThan(0)
    expect(runs).toBeLessThan(200)
    expect(office.state().sweptAtMs).toBeNull()
    expect(timing.pending()).toBe(0)
  })

  it('tells what keeps it, and goes on when the store is back', async () => {
    const { timing, store, open, put, isThere } = await openStage()
    const id = await put()
    await timing.advance(30 * DAY_MS + 1)
    const office = open()
    await timing.advance(1000)
    store.fail()
    await timing.advance(2 * MINUTE_MS)
    expect(office.state().problem).not.toBeNull()
    store.heal()
    await timing.advance(HOUR_MS + 2 * MINUTE_MS)
    expect(office.state().problem).toBeNull()
    expect(await isThere(id)).toEqual(GONE)
    await office.close()
  })
})
