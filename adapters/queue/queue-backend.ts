/** Where BullMQ keeps its jobs. Redis is one more file beside `postgres-backend.ts`. */
import type { BackendFactory, IQueueBackend, PostgresConnectionOptions } from 'bullmq'

export type QueueBackend = {
  /** For people, such as `bullmq on postgres`. */
  readonly kind: string
  readonly connection: PostgresConnectionOptions
  readonly factory: BackendFactory<IQueueBackend, PostgresConnectionOptions>
}
