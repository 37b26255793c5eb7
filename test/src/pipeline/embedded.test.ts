/** Pipelines on the real embedded database, and on the real queue over it: what fakes cannot prove about transactions and locks. */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { postgresBackend } from '../../../adapters/queue/postgres-backend.ts'
import { createStepQueue } from '../../../adapters/queue/step-queue.ts'
import type { EmbeddedStore } from '../../../adapters/store/embedded/open-embedded-store.ts'
import { systemTiming } from '../../../src/billing/timing.ts'
import type { Caller } from '../../../src/inference/pay.ts'
import type { Pipelines } from '../../../src/pipeline/pipelines.ts'
import type { Run } from '../../../src/ports/runs.ts'
import { openEmbeddedAt, temporaryDirectory } from '../../adapters/store/stores.ts'
import { newCustomer } from '../../contract/money.ts'
import { mortal } from './engine/mortal.ts'
import { expectConsistent } from './invariants.ts'
import { broken, CALLER, fourSteps, openWorkshop } from './workshop.ts'

let directory: string
let embedded: EmbeddedStore

beforeAll(async () => {
  directory = await temporaryDirectory()
  embedded = await openEmbeddedAt(directory)
})

afterAll(async () => {
  await embedded?.store.lifecycle.close()
  await rm(directory, { recursive: true, force: true })
})

async function openShop() {
  const { store } = embedded
  const shop = await openWorkshop({ store, clock: systemTiming })
  const { accountId, keyId } = await newCustomer(store, 1_000_000n)
  const caller: Caller = { ...CALLER, accountId, keyId }
  return { shop, store, caller, definition: fourSteps(await shop.put('audio:2.5', accountId)) }
}

/** Woken by the run's own end, not by the clock. */
const finish = (pipelines: Pipelines, run: Run) =>
  pipelines.wait(run, { waitMs: 30_000, signal: new AbortController().signal })

it('four steps: charged once each, the hold closed, events without gaps', async () => {
  const { shop, store, caller, definition } = await openShop()
  const pipelines = shop.open()
  const { run } = await shop.create(pipelines, definition, { caller })
  const ended = await finish(pipelines, run)
  expect(ended).toMatchObject({ status: 'succeeded', output: { transcript: 'a red fox' } })
  await expectConsistent(store, ended)
  const balance = await store.ledger.readBalance(caller.accountId)
  expect(balance).toEqual({
    availableRao: 1_000_000n - ended.capturedRao,
    heldRao: 0n,
    spentRao: ended.capturedRao,
  })
  await pipelines.close(0)
})

it('P2: two processes that both get every job, three times over, do each step once', async () => {
  const { shop, store, caller, definition } = await openShop()
  const [queue, other] = [shop.newQueue(), shop.newQueue()]
  const add: typeof queue.add = async (step, options) => {
    for (let copy = 0; copy < 3; copy += 1)
      await Promise.all([queue.add(step, options), other.add(step, options)])
  }
  const first = shop.open({ queue: { ...queue, add }, isAlone: false })
  const second = shop.open({ queue: { ...other, add }, isAlone: false, processId: 'process-2' })
  const ended = await finish(first, (await shop.create(first, definition, { caller })).run)
  expect(ended.status).toBe('succeeded')
  expect(shop.works.length).toBe(4)
  await expectConsistent(store, ended)
  await Promise.all([first.close(0), second.close(0)])
})

it('P1: a process that is killed at a call of a run is followed by one that ends it as if nothing had been', async () => {
  for (const diesAt of [3, 6, 9, 12, 13, 16, 18, 20]) {
    const { shop, store, caller, definition } = await openShop()
    const finishes = diesAt % 2 === 0
    const died = new Promise<void>((resolve) => {
      const life = {
        diesAt,
        finishes,
        count: 0,
        get calls() {
          return this.count
        },
        set calls(count: number) {
          this.count = count
          // What it still carries out is over before the next process looks.
          if (count === diesAt) setImmediate(() => void store.lifecycle.ping().then(resolve))
        },
      }
      const runs = mortal(store.runs, life)
      const first = shop.open({
        runs,
        files: mortal(shop.shelf, life),
        performer: mortal(shop.performer, life),
      })
      shop.create(first, definition, { caller, key: 'k' }).catch(() => undefined)
    })
    await died
    const second = shop.open({ processId: `process-after-${diesAt}` })
    const { run } = await shop.create(second, definition, { caller, key: 'k' })
    const ended = await finish(second, run)
    expect(ended.status, `killed at call ${diesAt}`).toBe('succeeded')
    await expectConsistent(store, ended)
    expect((await store.ledger.readBalance(caller.accountId)).heldRao).toBe(0n)
    await second.close(0)
  }
}, 120_000)

it('P7: twelve requests at once with one key make one run and one hold', async () => {
  const { shop, store, caller, definition } = await openShop()
  const pipelines = shop.open()
  const many = await Promise.all(
    Array.from({ length: 12 }, () => shop.create(pipelines, definition, { caller, key: 'order-42' })),
  )
  expect(new Set(many.map(({ run }) => run.id)).size).toBe(1)
  const ended = await finish(pipelines, many[0]!.run)
  expect(ended.status).toBe('succeeded')
  expect(shop.works.length).toBe(4)
  await expectConsistent(store, ended)
  await pipelines.close(0)
})

it('what cannot be paid leaves no row', async () => {
  const { shop, store, caller } = await openShop()
  const pipelines = shop.open()
  const poor: Caller = { ...caller, ...(await newCustomer(store, 10n)) }
  const paint = { steps: [{ id: 'img', use: 'image.generate', with: { prompt: 'x' } }] }
  await expect(shop.create(pipelines, paint, { caller: poor })).rejects.toMatchObject({
    code: 'insufficient_quota',
  })
  expect(await pipelines.list(poor.accountId, { limit: 10, after: null })).toEqual([])
  expect(await store.ledger.readBalance(poor.accountId)).toMatchObject({ availableRao: 10n, heldRao: 0n })
  await pipelines.close(0)
})

it('the durable queue itself carries a diamond of steps and their retries', async () => {
  const { shop, store, caller } = await openShop()
  const logger = () => {}
  const queue = createStepQueue({ backend: await postgresBackend(embedded.queuePool), logger })
  const say = (id: string, ...reads: string[]) => ({
    id,
    use: 'chat',
    with: {
      messages: [
        {
          role: 'user',
          content: { $text: ['x', ...reads.map((read) => ({ $from: `/steps/${read}/text` }))] },
        },
      ],
      max_tokens: 50,
    },
    retry: { attempts: 5, backoff_s: 0 },
  })
  let attempts = 0
  const perform = shop.performer.perform.bind(shop.performer)
  const flaky: typeof perform = (job) => {
    attempts += 1
    return attempts % 2 === 1 ? Promise.reject(broken()) : perform(job)
  }
  const pipelines = shop.open({ queue, performer: { perform: flaky } })
  const value = {
    steps: [say('top'), say('left', 'top'), say('right', 'top'), say('bottom', 'left', 'right')],
  }
  const { run } = await shop.create(pipelines, value, { caller })
  const ended = await finish(pipelines, run)
  expect(ended.status).toBe('succeeded')
  expect(attempts).toBeGreaterThanOrEqual(8)
  await expectConsistent(store, ended)
  await pipelines.close(0)
})
