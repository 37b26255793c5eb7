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

const reference = z.strictObject({
  runId: z.string(),
  stepId: z.string(),
  use: z.string(),
  fence: z.number(),
})

export type StepQueueOptions = {
  readonly backend: QueueBackend
  /** Gets a line for people when the backend fails. */
  readonly logger: (line: string) => void
}

export function createStepQueue({ backend, logger }: StepQueueOptions): StepQueue {
  const { connection, factory } = backend
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
  const openQueue = (use: string) => {
    const queue = new Queue(
      queueName(use),
      {
        connection,
        prefix: PREFIX,
        streams: { events: { maxLen: EVENTS_KEPT } },
        defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      },
      factory,
    )
    queue.on('error', fail)
    return queue
  }
  const queueOf = (use: string): ReturnType<typeof openQueue> => {
    const queue = queues.get(use) ?? openQueue(use)
    queues.set(use, queue)
    return queue
  }
  const openWorker = (use: string, concurrency: number, handler: Parameters<StepQueue['work']>[2]) => {
    const worker = new Worker(
      queueName(use),
      async (job: { readonly data: unknown }) => {
        problem = null
        await handler(reference.parse(job.data), abort.signal)
      },
      {
        connection,
        prefix: PREFIX,
        concurrency,
        // A job whose worker died comes again without end: whether there is still something to do, the rows say.
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
      factory,
    )
    worker.on('error', fail)
    return worker
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
      workers.push(openWorker(use, concurrency, handler))
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
