/** Watches over one try of a step while it runs: keeps its lease, and stops it when it must not go on. */
import type { Timing } from '../../billing/timing.ts'
import type { Runs, StepClaim } from '../../ports/runs.ts'

/**
 * Why a try was stopped: `ended` the run is over · `lost` the lease is somebody else's, or nobody's · `slow` past the step's time ·
 * `stopping` the gateway stops.
 */
export type StopReason = 'ended' | 'lost' | 'slow' | 'stopping'

export class AttemptStopped extends Error {
  override readonly name = 'AttemptStopped'
  readonly reason: StopReason

  constructor(reason: StopReason) {
    super(`the attempt was stopped: ${reason}`)
    this.reason = reason
  }
}

export type AttemptGuard = {
  readonly signal: AbortSignal
  stop(reason: StopReason): void
  /** Lets go: no more renewals, no more time-out. */
  close(): void
}

export type AttemptGuardOptions = {
  readonly runs: Pick<Runs, 'renew'>
  readonly timing: Timing
  readonly leaseMs: number
  /** Null without a limit of the step's own. */
  readonly timeoutMs: number | null
  /** Fires when the queue gives up waiting for the step, because the gateway stops. */
  readonly queueSignal: AbortSignal
}

/** Renewed at a third of its time, so that two renewals may fail before it is lost. */
const RENEWALS_PER_LEASE = 3

export function guardAttempt(claim: StepClaim, options: AttemptGuardOptions): AttemptGuard {
  const { runs, timing, leaseMs, timeoutMs, queueSignal } = options
  const controller = new AbortController()
  const lease = { runId: claim.run.id, stepId: claim.stepId, fence: claim.fence }
  let leaseEndsMs = timing.monotonicMs() + leaseMs
  let cancelRenewal = () => {}
  const stop = (reason: StopReason) => controller.abort(new AttemptStopped(reason))
  const stopForQueue = () => stop('stopping')

  const renew = async () => {
    const askedMs = timing.monotonicMs()
    try {
      if (!(await runs.renew(lease, leaseMs))) return stop('lost')
      leaseEndsMs = askedMs + leaseMs
    } catch {
      // The store is out of reach. The lease still holds until its end; then another process may have the step.
      if (timing.monotonicMs() >= leaseEndsMs) return stop('lost')
    }
    plan()
  }
  const plan = () => {
    if (controller.signal.aborted) return
    cancelRenewal = timing.after(leaseMs / RENEWALS_PER_LEASE, () => void renew())
  }

  plan()
  const cancelTimeout = timeoutMs === null ? () => {} : timing.after(timeoutMs, () => stop('slow'))
  queueSignal.addEventListener('abort', stopForQueue, { once: true })
  if (queueSignal.aborted) stopForQueue()
  let isClosed = false
  return {
    signal: controller.signal,
    stop,
    close() {
      if (isClosed) return
      isClosed = true
      cancelRenewal()
      cancelTimeout()
      queueSignal.removeEventListener('abort', stopForQueue)
    },
  }
}

/** Why the signal was aborted; null when it was not. */
export function stopReasonOf(signal: AbortSignal): StopReason | null {
  if (!signal.aborted) return null
  return signal.reason instanceof AttemptStopped ? signal.reason.reason : 'stopping'
}
