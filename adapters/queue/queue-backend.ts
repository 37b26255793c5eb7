/** Where BullMQ keeps its jobs: in PostgreSQL (`postgres-backend.ts`) or Redis (`redis-backend.ts`). */
import type { BackendFactory, IQueueBackend } from 'bullmq'

export type QueueBackend = {
  /** For people, such as `bullmq on postgres`. */
  readonly kind: string
  /** For what adds jobs: fails soon while the server is away. The connection in its options is of no account. */
  readonly producer: BackendFactory<IQueueBackend, unknown>
  /** For what works: waits for jobs, and for a server that is away. */
  readonly consumer: BackendFactory<IQueueBackend, unknown>
  /** One trivial command. @throws Error while the server is away, soon */
  ping(): Promise<void>
  /** Ends the connections that the backend has opened itself. After the lanes on it. */
  close(): Promise<void>
}
