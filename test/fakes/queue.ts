/** The durable lane in memory: delivers in the order of adding, as soon as a worker has room. */
import { setMaxListeners } from 'node:events'
import type { StepQueue, StepReference } from '../../src/ports/queue.ts'

type Line = {
  readonly concurrency: number
  readonly handler: (step: StepReference, signal: AbortSignal) => Promise<void>
  running: number
}

/** `later` runs a turn after `delayMs`; the default is a real timer. */
export function fakeStepQueue(
  later: (turn: () => void, delayMs: number) => void = (turn, delayMs) => {
    setTimeout(turn, delayMs)
  },
): StepQueue {
  const waiting: StepReference[] = []
  const lines = new Map<string, Line>()
  const running = new Set<Promise<void>>()
  const abort = new AbortController()
  setMaxListeners(0, abort.signal)
  let closed = false

  const pump = (): void => {
    for (const step of [...waiting]) {
      const line = lines.get(step.use)
      if (closed || !line || line.running >= line.concurrency) continue
      waiting.splice(waiting.indexOf(step), 1)
      line.running += 1
      const turn = line
        .handler(step, abort.signal)
        .catch(() => {
          // A handler's own failure is a row of the run, never the queue's.
        })
        .finally(() => {
          line.running -= 1
          running.delete(turn)
          pump()
        })
      running.add(turn)
    }
  }

  return {
    async add(step, { delayMs }) {
      const turn = (): void => {
        waiting.push(step)
        pump()
      }
      later(turn, delayMs)
    },
    work(use, concurrency, handler) {
      lines.set(use, { concurrency, handler, running: 0 })
      pump()
    },
    state() {
      return { kind: 'memory', serving: !closed, problem: closed ? 'closed' : null }
    },
    async close(drainMs) {
      closed = true
      let timer: NodeJS.Timeout | undefined
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, drainMs)
      })
      await Promise.race([Promise.all(running), timeout])
      clearTimeout(timer)
      abort.abort()
      await Promise.all(running)
    },
  }
}
