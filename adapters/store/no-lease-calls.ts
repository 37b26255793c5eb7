/** Where there is nobody to ask: one process has the embedded store, and no notification passes a pooler in transaction mode. */
import type { LeaseCalls } from '../../src/ports/lease-calls.ts'

export const NOBODY: LeaseCalls = {
  serve() {},
  callHome: async () => false,
  askReserved: async () => new Map(),
}
