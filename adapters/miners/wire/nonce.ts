/** Nonces of signed calls: Unix time in nanoseconds, never the same or smaller twice in this process. */

const NANOSECONDS_PER_MS = 1_000_000n

/**
 * Makes a source of nonces. The digits below a millisecond are random, so that two processes with one hotkey do not meet on a nonce.
 *
 * @param nowMs - Unix time in milliseconds; may step back, nonces will not
 * @param random - 0 ≤ x < 1
 */
export function createNonces(nowMs: () => number, random: () => number): () => bigint {
  let last = 0n
  return () => {
    const next = BigInt(Math.floor(nowMs())) * NANOSECONDS_PER_MS + BigInt(Math.floor(random() * 1e6))
    last = next > last ? next : last + 1n
    return last
  }
}
