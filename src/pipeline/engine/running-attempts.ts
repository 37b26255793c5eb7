/** Tries that run in this process, by run, so that the end of a run ends them. */
import type { AttemptGuard, StopReason } from './attempt-guard.ts'

export class RunningAttempts {
  readonly #byRun = new Map<string, Set<AttemptGuard>>()

  add(runId: string, guard: AttemptGuard): void {
    const guards = this.#byRun.get(runId)
    if (guards) guards.add(guard)
    else this.#byRun.set(runId, new Set([guard]))
  }

  remove(runId: string, guard: AttemptGuard): void {
    const guards = this.#byRun.get(runId)
    guards?.delete(guard)
    if (guards?.size === 0) this.#byRun.delete(runId)
  }

  /** @param except - the try that has just ended the run itself */
  stop(runId: string, reason: StopReason, except?: AttemptGuard): void {
    for (const guard of this.#byRun.get(runId) ?? []) if (guard !== except) guard.stop(reason)
  }

  /** Runs of which something is tried here now. */
  runIds(): readonly string[] {
    return [...this.#byRun.keys()]
  }

  count(): number {
    let count = 0
    for (const guards of this.#byRun.values()) count += guards.size
    return count
  }
}
