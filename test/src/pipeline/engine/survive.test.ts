import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../../src/errors.ts'
import type { Run } from '../../../../src/ports/runs.ts'
import { settlePromises } from '../../billing/manual-timing.ts'
import { expectConsistent } from '../invariants.ts'
import {
  broken,
  CALLER,
  chatAnswer,
  fourSteps,
  goodMiner,
  openWorkshop,
  type Script,
  type Workshop,
} from '../workshop.ts'
import { type Life, mortal } from './mortal.ts'

/** Pipelines of a process that may die. Another one sees its store, not its memory. */
function openMortal(shop: Workshop, life: Life) {
  return shop.open({
    processId: 'process-1',
    runs: mortal(shop.store.runs, life),
    files: mortal(shop.shelf, life),
    performer: mortal(shop.performer, life),
  })
}

/** Ids of files and receipts are drawn anew by each process. */
const outputOf = (run: Run) => JSON.stringify(run.output).replaceAll(/(file-|rcp_)[0-9a-f]+/g, '$1*')

/** One step that two wait for side by side, and one that waits for both. */
const diamond = () => {
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
    },
  })
  return { steps: [say('top'), say('left', 'top'), say('right', 'top'), say('bottom', 'left', 'right')] }
}

type Job = 'row' | 'diamond'

async function runAndDie(job: Job, diesAt: number, finishes: boolean) {
  const shop = await openWorkshop()
  const definition = job === 'diamond' ? diamond() : fourSteps(await shop.put('audio:2.5'))
  const life: Life = { calls: 0, diesAt, finishes }
  const first = openMortal(shop, life)
  // The answer may be lost; a caller asks again with the same key.
  const create = shop.create(first, definition, { key: 'order-1' })
  create.catch(() => undefined)
  for (let turn = 0; turn < 60; turn += 1) await settlePromises()
  if (diesAt > 0) {
    const second = shop.open({ processId: 'process-2' })
    const { run } = await shop.create(second, definition, { key: 'order-1' })
    return { shop, life, run: await shop.finish(run.id) }
  }
  return { shop, life, run: await shop.finish((await create).run.id) }
}

describe('P1: a process that is killed', () => {
  it.each<Job>(['row', 'diamond'])(
    'at any call of a %s of steps, before or after it was carried out, changes neither output nor cost',
    async (job) => {
      const { run: undisturbed, life } = await runAndDie(job, 0, true)
      expect(life.calls).toBeGreaterThan(15)
      for (let diesAt = 1; diesAt <= life.calls; diesAt += 1) {
        for (const finishes of [false, true]) {
          const { shop, run } = await runAndDie(job, diesAt, finishes)
          const where = `killed at call ${diesAt}, ${finishes ? 'after' : 'before'} it`
          expect(run.status, where).toBe('succeeded')
          expect(outputOf(run), where).toBe(outputOf(undisturbed))
          expect(run.capturedRao, where).toBe(undisturbed.capturedRao)
          await expectConsistent(shop.store, run)
          expect((await shop.balance()).heldRao).toBe(0n)
          const painted = run.steps.find(({ id }) => id === 'img')?.output as
            | { items: { file: string }[] }
            | undefined
          for (const { file } of painted?.items ?? []) {
            const { bytes } = await shop.shelf.read(file, CALLER.accountId)
            expect(Buffer.from(bytes).toString()).toBe('png:64x64')
          }
        }
      }
    },
    120_000,
  )

  it('again and again in the same step ends the run at last, though the failure is one that may pass', async () => {
    const shop = await openWorkshop()
    const say = {
      id: 'say',
      use: 'chat',
      with: { messages: [{ role: 'user', content: 'x' }] },
      retry: { attempts: 10 },
    }
    const hang = { perform: () => new Promise<never>(() => {}) }
    const { run } = await shop.create(shop.open({ performer: hang }), { steps: [say] })
    for (let start = 2; start <= 29; start += 1) {
      await settlePromises()
      shop.open({ processId: `process-${start}`, performer: hang })
    }
    await settlePromises()
    const fail = { perform: () => Promise.reject(broken()) }
    const last = shop.open({ processId: 'process-30', performer: fail })
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({ status: 'failed', steps: [{ fence: 30 }] })
    await expectConsistent(shop.store, ended)
    await last.close(0)
  })
})

describe('P2: of two processes that work on one step', () => {
  /** A miner that answers when it is told to. */
  function scriptByHand() {
    const waiting: ((late: boolean) => void)[] = []
    const script: Script = (work, attempt, signal) =>
      new Promise((resolve) => {
        waiting.push(() => resolve(goodMiner(work, attempt, signal)))
      })
    return { waiting, script }
  }

  it('the one that lost its lease changes nothing, is charged nothing, and leaves no file behind', async () => {
    const { waiting, script } = scriptByHand()
    const shop = await openWorkshop({ script })
    const value = { steps: [{ id: 'img', use: 'image.generate', with: { prompt: 'x', size: '64x64' } }] }
    const cutOff: typeof shop.store.runs = { ...shop.store.runs, renew: () => new Promise(() => {}) }
    const first = shop.open({ processId: 'process-1', runs: cutOff, isAlone: false })
    const { run } = await shop.create(first, value)
    await settlePromises()
    expect(waiting.length).toBe(1)
    const second = shop.open({ processId: 'process-2', isAlone: false })
    await shop.timing.advance(40_000)
    expect(waiting.length).toBe(2)
    waiting[0]?.(true)
    await settlePromises()
    expect((await shop.store.runs.find(run.id, null))?.steps[0]).toMatchObject({
      status: 'running',
      costRao: 0n,
    })
    expect(await shop.shelf.list(CALLER.accountId, 10)).toEqual([])
    waiting[1]?.(true)
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({ status: 'succeeded', capturedRao: 500n })
    expect((await shop.shelf.list(CALLER.accountId, 10)).length).toBe(1)
    await expectConsistent(shop.store, ended)
    await first.close(0)
    await second.close(0)
  })

  it('one whose lease is taken stops its miner when it hears of it', async () => {
    let aborted = false
    const shop = await openWorkshop({
      script: (_work, _attempt, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true
            reject(new Error('aborted'))
          })
        }),
    })
    const first = shop.open({ processId: 'process-1' })
    await shop.create(first, { steps: [{ id: 'img', use: 'image.generate', with: { prompt: 'x' } }] })
    await settlePromises()
    shop.setScript(goodMiner)
    const second = shop.open({ processId: 'process-2' })
    await shop.timing.advance(11_000)
    expect(aborted).toBe(true)
    await first.close(0)
    await second.close(0)
  })

  it('only one has it, however often and to however many it was delivered', async () => {
    const shop = await openWorkshop()
    const queue = shop.newQueue()
    const other = shop.newQueue()
    // Every job goes to both, three times.
    const add: typeof queue.add = async (step, options) => {
      for (let copy = 0; copy < 3; copy += 1) {
        await queue.add(step, options)
        await other.add(step, options)
      }
    }
    const first = shop.open({ processId: 'process-1', queue: { ...queue, add }, isAlone: false })
    const second = shop.open({ processId: 'process-2', queue: { ...other, add }, isAlone: false })
    const { run } = await shop.create(first, fourSteps(await shop.put('audio:2.5')))
    const ended = await shop.finish(run.id)
    expect(ended.status).toBe('succeeded')
    expect(shop.works.length).toBe(4)
    await expectConsistent(shop.store, ended)
    await first.close(0)
    await second.close(0)
  })
})

describe('the queue', () => {
  it('may lose every job: the rows say what is due', async () => {
    const shop = await openWorkshop()
    const queue = shop.newQueue()
    let lost = 0
    const add: typeof queue.add = async (step, options) => {
      lost += 1
      // Each job is lost the first time.
      if (lost % 2 === 0) await queue.add(step, options)
    }
    const pipelines = shop.open({ queue: { ...queue, add } })
    const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2.5')))
    const ended = await shop.finish(run.id)
    expect(ended.status).toBe('succeeded')
    expect(lost).toBe(8)
    await expectConsistent(shop.store, ended)
    await pipelines.close(0)
  })

  it('that was flushed has its steps again within ten seconds, whoever sweeps', async () => {
    const shop = await openWorkshop()
    const flushed = { ...shop.newQueue(), add: async () => {} }
    const first = shop.open({ queue: flushed, isAlone: false })
    const made = await Promise.all(
      [1, 2, 3].map(async () => shop.create(first, fourSteps(await shop.put('audio:2.5')))),
    )
    // What had put them there is gone as well.
    await first.close(0)
    const second = shop.open({ processId: 'process-2', isAlone: false })
    const third = shop.open({ processId: 'process-3', isAlone: false })
    await shop.timing.advance(10_000)
    for (const { run } of made) {
      const ended = await shop.store.runs.find(run.id, null)
      expect(ended?.status).toBe('succeeded')
      await expectConsistent(shop.store, ended!)
    }
    expect(shop.works.length).toBe(12)
    await Promise.all([second.close(0), third.close(0)])
  })

  it('may be out of reach: runs are accepted and done later', async () => {
    const shop = await openWorkshop()
    const queue = shop.newQueue()
    let isDown = true
    const add: typeof queue.add = async (step, options) => {
      if (isDown) throw new Error('down')
      await queue.add(step, options)
    }
    const pipelines = shop.open({ queue: { ...queue, add } })
    const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2.5')))
    await shop.timing.advance(20_000)
    expect((await shop.store.runs.find(run.id, null))?.status).toBe('queued')
    isDown = false
    expect((await shop.finish(run.id)).status).toBe('succeeded')
    await pipelines.close(0)
  })
})

describe('a store that fails while a step ends', () => {
  it('is asked again, and an end that was written though nobody heard of it is not written twice', async () => {
    for (const isCarriedOut of [false, true]) {
      const shop = await openWorkshop()
      const { runs } = shop.store
      let failures = 2
      const flaky: typeof runs = {
        ...runs,
        async commitStep(claim, conclude) {
          const isFailing = failures > 0
          if (isFailing) failures -= 1
          const done = isFailing && !isCarriedOut ? null : await runs.commitStep(claim, conclude)
          if (isFailing) throw unavailable()
          return done
        },
      }
      const pipelines = shop.open({ runs: flaky })
      const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2.5')))
      const ended = await shop.finish(run.id)
      expect(ended.status).toBe('succeeded')
      expect(shop.works.length).toBe(4)
      expect((await shop.shelf.list(CALLER.accountId, 10)).length).toBe(2)
      await expectConsistent(shop.store, ended)
      await pipelines.close(0)
    }
  })
})

describe('closing', () => {
  it('gives running steps back, so that the next process goes on at once', async () => {
    const shop = await openWorkshop({
      script: (_work, _attempt, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    })
    const first = shop.open({ isAlone: false })
    const { run } = await shop.create(first, {
      steps: [{ id: 'say', use: 'chat', with: { messages: [{ role: 'user', content: 'x' }] } }],
    })
    await settlePromises()
    await first.close(0)
    expect((await shop.store.runs.find(run.id, null))?.steps[0]?.status).toBe('ready')
    await expect(shop.create(first, { steps: [] })).rejects.toMatchObject({ code: 'shutting_down' })
    shop.setScript(() => chatAnswer('later'))
    const second = shop.open({ processId: 'process-2', isAlone: false })
    expect((await shop.finish(run.id)).output).toMatchObject({ say: { text: 'later' } })
    await second.close(0)
  })
})

function unavailable() {
  return new GatewayError('ledger_unavailable', 'The ledger cannot be reached.')
}
