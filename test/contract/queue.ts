/** What every durable lane promises. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StepQueue, StepReference } from '../../src/ports/queue.ts'
import { unique } from './money.ts'

export type QueueContract = {
  /** A new lane on what `prepare` opened. */
  readonly make: () => Promise<StepQueue>
  readonly prepare?: () => Promise<void>
  readonly cleanUp?: () => Promise<void>
}

export function queueContract(name: string, { make, prepare, cleanUp }: QueueContract): void {
  describe(`queue: ${name}`, () => {
    beforeAll(async () => prepare?.())
    afterAll(async () => cleanUp?.())

    const newUse = (): string => `text.${unique()}`
    const step = (use: string, more: Partial<StepReference> = {}): StepReference => ({
      runId: `run_${unique()}`,
      stepId: 'stt',
      use,
      fence: 0,
      ...more,
    })
    /** Resolves with the steps when so many were delivered. */
    const collect = (queue: StepQueue, use: string, count: number): Promise<readonly StepReference[]> => {
      const seen: StepReference[] = []
      return new Promise((resolve) => {
        queue.work(use, 4, async (reference) => {
          seen.push(reference)
          if (seen.length === count) resolve(seen)
        })
      })
    }

    it('what is added is delivered, as it was', async () => {
      const queue = await make()
      const use = newUse()
      const added = [step(use), step(use, { stepId: 'a_b-c', fence: 7 })]
      const delivered = collect(queue, use, 2)
      for (const reference of added) await queue.add(reference, { delayMs: 0 })
      expect([...(await delivered)].sort(byRun)).toEqual([...added].sort(byRun))
      await queue.close(1000)
    })

    it('what was added before there was a worker is delivered when one comes', async () => {
      const queue = await make()
      const use = newUse()
      const reference = step(use)
      await queue.add(reference, { delayMs: 0 })
      expect(await collect(queue, use, 1)).toEqual([reference])
      await queue.close(1000)
    })

    it('each kind of step goes to its own workers', async () => {
      const queue = await make()
      const [first, second] = [newUse(), newUse()]
      const delivered = Promise.all([collect(queue, first, 1), collect(queue, second, 1)])
      await queue.add(step(second, { stepId: 'b' }), { delayMs: 0 })
      await queue.add(step(first, { stepId: 'a' }), { delayMs: 0 })
      expect((await delivered).map(([reference]) => reference?.stepId)).toEqual(['a', 'b'])
      await queue.close(1000)
    })

    it('a delayed step comes after one that is not', async () => {
      const queue = await make()
      const use = newUse()
      const delivered = collect(queue, use, 2)
      await queue.add(step(use, { stepId: 'late' }), { delayMs: 200 })
      await queue.add(step(use, { stepId: 'soon' }), { delayMs: 0 })
      expect((await delivered).map(({ stepId }) => stepId)).toEqual(['soon', 'late'])
      await queue.close(1000)
    })

    it('the same step may be added again after it was delivered, and comes again', async () => {
      const queue = await make()
      const use = newUse()
      const reference = step(use)
      let deliveries = 0
      let wake = (): void => {}
      const next = (): Promise<void> =>
        new Promise((resolve) => {
          wake = resolve
        })
      queue.work(use, 1, async () => {
        deliveries += 1
        wake()
      })
      // While the first is still at work a second add may be taken for the same: it is added until it comes.
      while (deliveries < 2) {
        const delivered = next()
        await queue.add(reference, { delayMs: 0 })
        await Promise.race([delivered, new Promise((resolve) => setTimeout(resolve, 50))])
      }
      expect(deliveries).toBeGreaterThanOrEqual(2)
      await queue.close(1000)
    })

    it('no more run at once than allowed', async () => {
      const queue = await make()
      const use = newUse()
      let running = 0
      let most = 0
      let done = 0
      const finished = new Promise<void>((resolve) => {
        queue.work(use, 2, async () => {
          running += 1
          most = Math.max(most, running)
          await new Promise((turn) => setTimeout(turn, 5))
          running -= 1
          done += 1
          if (done === 8) resolve()
        })
      })
      await Promise.all(Array.from({ length: 8 }, () => queue.add(step(use), { delayMs: 0 })))
      await finished
      expect(most).toBeLessThanOrEqual(2)
      await queue.close(1000)
    })

    it('a handler that rejects stops nobody', async () => {
      const queue = await make()
      const use = newUse()
      let calls = 0
      const finished = new Promise<void>((resolve) => {
        queue.work(use, 1, async ({ stepId }) => {
          calls += 1
          if (stepId === 'bad') throw new Error('defect')
          resolve()
        })
      })
      await queue.add(step(use, { stepId: 'bad' }), { delayMs: 0 })
      await queue.add(step(use, { stepId: 'good' }), { delayMs: 0 })
      await finished
      expect(calls).toBeGreaterThanOrEqual(2)
      expect(queue.state()).toMatchObject({ serving: true, problem: null })
      await queue.close(1000)
    })

    it('closing waits for what is at work', async () => {
      const queue = await make()
      const use = newUse()
      let finish = (): void => {}
      const gate = new Promise<void>((resolve) => {
        finish = resolve
      })
      let isDone = false
      const started = new Promise<AbortSignal>((resolve) => {
        queue.work(use, 1, async (_reference, signal) => {
          resolve(signal)
          await gate
          isDone = true
        })
      })
      await queue.add(step(use), { delayMs: 0 })
      const signal = await started
      const closed = queue.close(60_000)
      finish()
      await closed
      expect(isDone).toBe(true)
      expect(signal.aborted).toBe(true)
      expect(queue.state()).toMatchObject({ serving: false })
    })

    it('closing aborts what does not end in time', async () => {
      const queue = await make()
      const use = newUse()
      const started = new Promise<AbortSignal>((resolve) => {
        queue.work(use, 1, (_reference, signal) => {
          resolve(signal)
          return new Promise((done) => signal.addEventListener('abort', () => done()))
        })
      })
      await queue.add(step(use), { delayMs: 0 })
      const signal = await started
      expect(signal.aborted).toBe(false)
      await queue.close(10)
      expect(signal.aborted).toBe(true)
    })
  })
}

const byRun = (left: StepReference, right: StepReference): number => left.runId.localeCompare(right.runId)
