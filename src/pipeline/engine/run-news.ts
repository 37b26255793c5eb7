/** Wakes whoever follows a run in this process when it has news. Only a hint: readers also look now and then. */

export class RunNews {
  readonly #listeners = new Map<string, Set<() => void>>()

  /** A promise of the next news from now on. Cancel it when it is no longer waited for. */
  listen(runId: string): { readonly arrived: Promise<void>; cancel(): void } {
    let listeners = this.#listeners.get(runId)
    if (!listeners) {
      listeners = new Set()
      this.#listeners.set(runId, listeners)
    }
    let wake = () => {}
    const arrived = new Promise<void>((resolve) => {
      wake = resolve
    })
    listeners.add(wake)
    return {
      arrived,
      cancel: () => {
        const present = this.#listeners.get(runId)
        present?.delete(wake)
        if (present?.size === 0) this.#listeners.delete(runId)
      },
    }
  }

  tell(runId: string): void {
    const listeners = this.#listeners.get(runId)
    this.#listeners.delete(runId)
    for (const wake of listeners ?? []) wake()
  }
}
