/** Blobs in memory. */
import { GatewayError } from '../../src/errors.ts'
import type { Blobs } from '../../src/ports/store.ts'

export function fakeBlobs(): Blobs {
  const blobs = new Map<string, Uint8Array>()
  const check = (key: string): void => {
    if (!/^[a-z0-9_-]+$/.test(key)) throw new GatewayError('not_found', 'There is no such content.')
  }
  return {
    async write(key, bytes) {
      if (!/^[a-z0-9_-]+$/.test(key))
        throw new GatewayError('internal_error', 'A key of stored content is malformed.')
      blobs.set(key, Uint8Array.from(bytes))
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
  }
}
