/** Blobs in memory. */
import { GatewayError } from '../../src/errors.ts'
import type { Blobs } from '../../src/ports/store.ts'

export function fakeBlobs(now: () => number = Date.now): Blobs {
  const blobs = new Map<string, Uint8Array>()
  const writtenAtMs = new Map<string, number>()
  const check = (key: string): void => {
    if (!/^[a-z0-9_-]+$/.test(key)) throw new GatewayError('not_found', 'There is no such content.')
  }
  return {
    async write(key, bytes) {
      if (!/^[a-z0-9_-]+$/.test(key))
        throw new GatewayError('internal_error', 'A key of stored content is malformed.')
      blobs.set(key, Uint8Array.from(bytes))
      writtenAtMs.set(key, now())
    },
    async read(key) {
      check(key)
      const bytes = blobs.get(key)
      if (!bytes) throw new GatewayError('not_found', 'There is no such content.')
      return Uint8Array.from(bytes)
    },
    async remove(key) {
      check(key)
      blobs.delete(key)
    },
    async *listOld(ageMs) {
      const keys = [...blobs.keys()].filter((key) => (writtenAtMs.get(key) ?? 0) < now() - ageMs)
      for (let start = 0; start < keys.length; start += 200) yield keys.slice(start, start + 200)
    },
  }
}
