/** Digests of request bodies, without holding up the event loop on a long recording. */
import { createHash, hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'

const SLICE_BYTES = 1_048_576 // About a millisecond of hashing.

/** SHA-256 in lower-case hex; other work is let in between slices of a large body. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= SLICE_BYTES) return hash('sha256', bytes, 'hex')
  const digest = createHash('sha256')
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    digest.update(bytes.subarray(start, start + SLICE_BYTES))
    await setImmediate()
  }
  return digest.digest('hex')
}
