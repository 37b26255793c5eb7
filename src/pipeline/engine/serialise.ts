/** One after the other: whatever changes a run reads it first, and two who do so at once must not decide by the same look. */
import type { Runs } from '../../ports/runs.ts'

/** The last task of each run that is under way, by store: every engine on the same store shares it. */
const lines = new WeakMap<Runs, Map<string, Promise<unknown>>>()

/**
 * Runs a task once all earlier tasks of the same run have ended, well or badly.
 *
 * It orders what this process does. Beyond it the fence of a step and the end of a run decide, in the store.
 */
export async function serialise<Result>(
  runs: Runs,
  runId: string,
  task: () => Promise<Result>,
): Promise<Result> {
  let byRun = lines.get(runs)
  if (!byRun) {
    byRun = new Map()
    lines.set(runs, byRun)
  }
  const before = byRun.get(runId) ?? Promise.resolve()
  // The task before tells its own caller how it ended.
  const mine = before.catch(() => undefined).then(task)
  byRun.set(runId, mine)
  try {
    return await mine
  } finally {
    if (byRun.get(runId) === mine) byRun.delete(runId)
  }
}
