/** The durable lane on BullMQ: one queue per kind of step, jobs that carry ids only, workers that drain when told. */
import { setMaxListeners } from 'node:events'
import { Queue, Worker } from 'bullmq'
import { z } from 'zod'
import { GatewayError } from '../../src/errors.ts'
import type { StepQueue, StepReference } from '../../src/ports/queue.ts'
import { watchBackend } from './backend-watch.ts'
import type { QueueBackend } from './queue-backend.ts'
import { openSteadyWorker, type SteadyWorker } from './steady-worker.ts'
import { withDeadline } from './with-deadline.ts'

/** On Redis: one slot of a cluster for all queues. PostgreSQL has its schema instead. */
const PREFIX = '{yumagate}'

/** BullMQ's log of events per queue, which nobody here reads. */
const EVENTS_KEPT = 100

/**
 * A job whose worker died comes again without end: whether there is still something to do, the rows say. Not more, since PostgreSQL
 * takes it as a 32-bit integer.
 */
const STALLED_MAX = 1_000_000

/** A dead worker's job is free again this long after its last sign of life, at the next look. */
const LOCK_MS = 15_000
const LOOK_FOR_DEAD_MS = 10_000

/** After an error a worker asks for jobs again. */
const ASK_AGAIN_MS = 1_000

/** An add that took longer may have been done, or not: the sweep of due rows adds it again. */
const ADD_MS = 5_000

const RETRY_AFTER_MS = 1_000

/** What connections may take to end beyond the drain: those to a server that is away never do. */
const END_MS = 2_000

/** The backend's factories know their connections by themselves. */
const CONNECTION = 'of the backend'

const reference = z.strictObject({
  runId: z.string(),
  stepId: z.string(),
  use: z.string(),
  fence: z.number(),
})

type Handler = Parameters<StepQueue['work']>[2]

export type StepQueueOptions = {
  readonly backend: QueueBackend
  /** Gets a line for people when the backend fails. */
  readonly logger: (line: string) => void
  readonly lockMs?: number
  readonly lookForDeadMs?: number
}

export function createStepQueue(options: StepQueueOptions): StepQueue {
  const { backend, logger } = options
  const queues = new Map<string, ReturnType<typeof openQueue>>()
  const workers: SteadyWorker[] = []
  const abort = new AbortController()
  // Each step that runs listens to it.
  setMaxListeners(0, abort.signal)
  const watch = watchBackend(backend, logger)
  let closing = false

  const queueOf = (use: string): ReturnType<typeof openQueue> => {
    const queue = queues.get(use) ?? openQueue(backend, use).on('error', watch.fail)
    queues.set(use, queue)
    return queue
  }

  return {
    async add(step, { delayMs }) {
      if (closing) throw new GatewayError('shutting_down', 'The gateway is shutting down.')
      try {
        const adding = queueOf(step.use).add('step', pick(step), { jobId: jobId(step), delay: delayMs })
        await withDeadline(adding, ADD_MS)
        watch.serve()
      } catch (error) {
        watch.fail(error)
        throw new GatewayError('ledger_unavailable', 'The queue cannot be reached now.', {
          cause: error,
          retryAfterMs: RETRY_AFTER_MS,
        })
      }
    },
    work(use, concurrency, handler) {
      const begin: Handler = (step, signal) => {
        watch.serve()
        return handler(step, signal)
      }
      const open = () =>
        openWorker(options, { use, concurrency, handler: begin, signal: abort.signal }).on(
          'error',
          watch.fail,
        )
      workers.push(openSteadyWorker(open, watch.fail))
    },
    state: () => ({
      kind: backend.kind,
      serving: !closing && watch.problem() === null,
      problem: closing ? 'closed' : watch.problem(),
    }),
    async close(drainMs) {
      closing = true
      watch.stop()
      // Takes no more jobs; resolves when those at work have ended.
      const drained = Promise.all(workers.map((worker) => worker.close()))
      await quietly(drained, drainMs)
      abort.abort(new GatewayError('shutting_down', 'The gateway is shutting down.'))
      await quietly(drained, END_MS)
      await quietly(Promise.all([...queues.values()].map((queue) => queue.close())), END_MS)
    },
  }
}

function openQueue({ producer }: QueueBackend, use: string) {
  const defaultJobOptions = { removeOnComplete: true, removeOnFail: true }
  const streams = { events: { maxLen: EVENTS_KEPT } }
  return new Queue(
    queueName(use),
    { connection: CONNECTION, prefix: PREFIX, streams, defaultJobOptions },
    producer,
  )
}

type Line = {
  readonly use: string
  readonly concurrency: number
  readonly handler: Handler
  readonly signal: AbortSignal
}

function openWorker(options: StepQueueOptions, { use, concurrency, handler, signal }: Line) {
  const { backend, lockMs = LOCK_MS, lookForDeadMs = LOOK_FOR_DEAD_MS } = options
  return new Worker(
    queueName(use),
    (job: { readonly data: unknown }) => handler(reference.parse(job.data), signal),
    {
      connection: CONNECTION,
      prefix: PREFIX,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: lookForDeadMs,
      runRetryDelay: ASK_AGAIN_MS,
      maxStalledCount: STALLED_MAX,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
    backend.consumer,
  )
}

const queueName = (use: string): string => `step-${use}`

/** BullMQ uses the colon in its own keys. */
const jobId = ({ runId, stepId, fence }: StepReference): string =>
  `${runId}-${stepId}-${fence}`.replaceAll(':', '_')

const pick = ({ runId, stepId, use, fence }: StepReference): StepReference => ({ runId, stepId, use, fence })

/** Waits for an end that may fail or never come. */
async function quietly(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  await withDeadline(work, timeoutMs).catch(() => {
    // Whoever closes has no use for the reason.
  })
}
