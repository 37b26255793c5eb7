/** Knows whether the backend serves: by what the lane meets, and while it meets trouble, by asking again. */
import type { QueueBackend } from './queue-backend.ts'
import { reasonOf } from './reason.ts'
import { withDeadline } from './with-deadline.ts'

export type BackendWatch = {
  /** What is wrong; null when nothing is known to be. */
  problem(): string | null
  fail(error: unknown): void
  serve(): void
  stop(): void
}

/** How often a backend that failed is asked. */
const ASK_EVERY_MS = 1_000
const ANSWER_MS = 5_000

export function watchBackend(backend: QueueBackend, logger: (line: string) => void): BackendWatch {
  let problem: string | null = null
  let timer: NodeJS.Timeout | null = null
  let isStopped = false

  const serve = (): void => {
    if (problem !== null && !isStopped) logger('the queue serves again')
    problem = null
  }
  const fail = (error: unknown): void => {
    if (isStopped) return
    const reason = reasonOf(error)
    if (problem === null) logger(`the queue has a problem: ${reason}`)
    problem = reason
    timer ??= setTimeout(ask, ASK_EVERY_MS).unref()
  }
  const ask = (): void => {
    timer = null
    if (isStopped || problem === null) return
    withDeadline(backend.ping(), ANSWER_MS).then(serve, fail)
  }

  return {
    problem: () => problem,
    fail,
    serve,
    stop() {
      isStopped = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}
