/** Reads a run's events as they come, from any place, as often as one likes. The rows are read; nothing is kept for a reader. */
import type { Timing } from '../../billing/timing.ts'
import type { Run, RunEvent, Runs } from '../../ports/runs.ts'
import { isTerminal } from './run-events.ts'
import type { RunNews } from './run-news.ts'

export type FollowOptions = {
  readonly runs: Runs
  readonly news: RunNews
  readonly timing: Timing
}

/** How often a reader looks on its own: another process may be working on the run. */
const LOOK_MS = 1_000
const EVENTS_PER_LOOK = 100

/**
 * The events after that sequence number, in order; ends after the run's last one, or when the signal is aborted.
 *
 * @param place.after - from 0; one that the run never reaches waits for its end
 */
export async function* followRun(
  runId: string,
  place: { readonly after: number; readonly signal: AbortSignal },
  options: FollowOptions,
): AsyncGenerator<RunEvent, void, undefined> {
  const { runs, news } = options
  let last = place.after
  while (!place.signal.aborted) {
    // Listened for before looking, so that nothing falls between.
    const next = news.listen(runId)
    try {
      const events = await runs.log.listEvents(runId, last, EVENTS_PER_LOOK)
      for (const event of events) {
        last = event.sequence
        yield event
        if (isTerminal(event.type)) return
      }
      if (events.length > 0) continue
      if (await isOver(runId, last, runs)) return
      await pause(next.arrived, LOOK_MS, { ...options, signal: place.signal })
    } finally {
      next.cancel()
    }
  }
}

/** Waits for the end of a run. @returns the run as it is then, or when the time is over or the signal aborted */
export async function waitForRun(
  runId: string,
  patience: { readonly waitMs: number; readonly signal: AbortSignal },
  options: FollowOptions,
): Promise<Run | null> {
  const { runs, news, timing } = options
  const untilMs = timing.monotonicMs() + patience.waitMs
  for (;;) {
    const next = news.listen(runId)
    try {
      const run = await runs.find(runId, null)
      const leftMs = untilMs - timing.monotonicMs()
      if (!run || run.endedAt !== null || leftMs <= 0 || patience.signal.aborted) return run
      await pause(next.arrived, Math.min(leftMs, LOOK_MS), { ...options, signal: patience.signal })
    } finally {
      next.cancel()
    }
  }
}

/** Whether the run has ended and its events were all read. */
async function isOver(runId: string, last: number, runs: Runs): Promise<boolean> {
  const run = await runs.find(runId, null)
  if (run && run.endedAt === null) return false
  return (await runs.log.listEvents(runId, last, 1)).length === 0
}

function pause(
  arrived: Promise<void>,
  waitMs: number,
  { timing, signal }: { readonly timing: Timing; readonly signal: AbortSignal },
): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = timing.after(waitMs, done)
    signal.addEventListener('abort', done, { once: true })
    void arrived.then(done)
  })
}
