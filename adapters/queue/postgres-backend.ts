/** BullMQ on PostgreSQL, over a pool that somebody else opened and will close. */
import {
  assertSchemaCompatibility,
  createPostgresBackend,
  isPgPool,
  LATEST_SCHEMA_VERSION,
  type PgPoolClient,
  runMigrations,
  SchemaMigrationRequiredError,
} from 'bullmq'
import type { QueueBackend } from './queue-backend.ts'

/**
 * Makes BullMQ's own schema when there is none, or an older one.
 *
 * The pool must be such that BullMQ can live with it: `search_path` begins with `bullmq` (it sets none in a pool that it is given),
 * `keepAlive` is on (else it polls every ten seconds), `max` is above two for each kind of step (each worker keeps a connection that
 * listens), and it has no limit of listeners.
 *
 * @param pool - a `pg.Pool`, such as the `queuePool` of the embedded store
 */
export async function postgresBackend(pool: unknown): Promise<QueueBackend> {
  if (!isPgPool(pool)) throw new Error('the queue wants a pool of node-postgres')
  const client = await pool.connect()
  try {
    if ((await schemaVersion(client)) < LATEST_SCHEMA_VERSION) await runMigrations(client)
  } finally {
    client.release()
  }
  const factory: QueueBackend['producer'] = (name, options, more) =>
    createPostgresBackend(name, { ...options, connection: pool }, more)
  return {
    kind: 'bullmq on postgres',
    producer: factory,
    consumer: factory,
    async ping() {
      const asking = await pool.connect()
      try {
        await asking.query('select 1')
      } finally {
        asking.release()
      }
    },
    async close() {
      // The pool is somebody else's.
    },
  }
}

/** Zero when there is none. One read, where asking BullMQ to migrate costs half a second even when there is nothing to do. */
async function schemaVersion(client: PgPoolClient): Promise<number> {
  try {
    return await assertSchemaCompatibility(client)
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return 0
    throw error
  }
}
