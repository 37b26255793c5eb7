/** How long a miner is left alone after a failure: by reason, growing with each failure in a row. */
import type { MinerFailure, MinerFailureReason } from '../../src/ports/miner.ts'

/** First pause and longest. The pause doubles from one failure in a row to the next. */
type Pause = { readonly firstMs: number; readonly mostMs: number }

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000

/** Null: not the miner's fault. `unauthorized` is our clock or signature, `refused` the request itself. */
const PAUSES: Record<MinerFailureReason, Pause | null> = {
  unauthorized: null,
  refused: null,
  busy: { firstMs: 500, mostMs: 30 * SECOND },
  slow: { firstMs: SECOND, mostMs: 2 * MINUTE },
  cut: { firstMs: SECOND, mostMs: 2 * MINUTE },
  'server-error': { firstMs: SECOND, mostMs: 2 * MINUTE },
  unreachable: { firstMs: 2 * SECOND, mostMs: 5 * MINUTE },
  garbage: { firstMs: 5 * SECOND, mostMs: 10 * MINUTE },
  'not-found': { firstMs: MINUTE, mostMs: HOUR }, // Another model or synapse: that changes with a release, not by itself.
  forbidden: { firstMs: 15 * MINUTE, mostMs: 6 * HOUR }, // Stake and permits change once per tempo, 72 minutes.
}

/**
 * Decides the pause after one more failure.
 *
 * @param streak - failures in a row before this one
 * @returns null when the miner is not to blame
 */
export function pauseAfter(
  failure: Pick<MinerFailure, 'reason' | 'retryAfterMs'>,
  streak: number,
): { readonly reason: MinerFailureReason; readonly pauseMs: number } | null {
  const pause = PAUSES[failure.reason]
  if (pause === null) return null
  const grownMs = Math.min(pause.firstMs * 2 ** Math.min(streak, 30), pause.mostMs)
  // What a busy miner asks for is believed, up to the longest pause of its reason.
  const askedMs = Math.min(failure.retryAfterMs ?? 0, pause.mostMs)
  return { reason: failure.reason, pauseMs: Math.max(grownMs, askedMs) }
}
