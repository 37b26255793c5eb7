/** The durable lane on BullMQ: one queue per kind of step, jobs that carry ids only, workers that drain when told. */
import { Queue, Worker } from 'bullmq'
import { z } from 'zod'
import { GatewayError } from '../../src/errors.ts'
import type { StepQueue, StepReference } from '../../src/ports/queue.ts'
import type { QueueBackend } from './queue-backend.ts'

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
  const workers: ReturnType<typeof openWorker>[] = []
  const abort = new AbortController()
  let problem: string | null = null
  let closing = false

  const fail = (error: Error): void => {
    if (closing) return
    if (problem === null) logger(`the queue has a problem: ${error.message}`)
    problem = error.message
  }
  const queueOf = (use: string): ReturnType<typeof openQueue> => {
    const queue = queues.get(use) ?? openQueue(backend, use).on('error', fail)
    queues.set(use, queue)
    return queue
  }

  return {
    async add(step, { delayMs }) {
      if (closing) throw new GatewayError('shutting_down', 'The gateway is shutting down.')
      try {
        await queueOf(step.use).add('step', pick(step), { jobId: jobId(step), delay: delayMs })
        problem = null
      } catch (error) {
        fail(error instanceof Error ? error : new Error('unknown'))
        throw new GatewayError('ledger_unavailable', 'The queue cannot be reached now.', { cause: error })
      }
    },
    work(use, concurrency, handler) {
      const begin: Handler = (step, signal) => {
        problem = null
        return handler(step, signal)
      }
      workers.push(
        openWorker(options, { use, concurrency, handler: begin, signal: abort.signal }).on('error', fail),
      )
    },
    state: () => ({
      kind: backend.kind,
      serving: !closing && problem === null,
      problem: closing ? 'closed' : problem,
    }),
    async close(drainMs) {
      closing = true
      // Takes no more jobs; resolves when those at work have ended.
      const drained = Promise.all(workers.map((worker) => worker.close()))
      await withTimeout(drained, drainMs)
      abort.abort(new GatewayError('shutting_down', 'The gateway is shutting down.'))
      await drained
      await Promise.all([...queues.values()].map((queue) => queue.close()))
    },
  }
}

function openQueue({ connection, factory }: QueueBackend, use: string) {
  const defaultJobOptions = { removeOnComplete: true, removeOnFail: true }
  const streams = { events: { maxLen: EVENTS_KEPT } }
  return new Queue(queueName(use), { connection, prefix: PREFIX, streams, defaultJobOptions }, factory)
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
      connection: backend.connection,
      prefix: PREFIX,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: lookForDeadMs,
      maxStalledCount: STALLED_MAX,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
    backend.factory,
  )
}

const queueName = (use: string): string => `step-${use}`

/** BullMQ uses the colon in its own keys. */
const jobId = ({ runId, stepId, fence }: StepReference): string =>
  `${runId}-${stepId}-${fence}`.replaceAll(':', '_')

const pick = ({ runId, stepId, use, fence }: StepReference): StepReference => ({ runId, stepId, use, fence })

async function withTimeout(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([work, timeout]).finally(() => clearTimeout(timer))
}
