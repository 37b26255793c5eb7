/** Bounds in time for calls to a node, which may never answer. */

export type Deadline = {
  readonly timeoutMs: number
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}

/** Rejects when the promise has not settled in time, or the signal is aborted; what the promise does later is ignored. */
export function withDeadline<T>(
  promise: Promise<T>,
  what: string,
  { timeoutMs, signal }: Deadline,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abandon = () => reject(new Error(`${what}: the connection was given up.`))
    const timer = setTimeout(() => reject(new Error(`${what}: no answer within ${timeoutMs} ms.`)), timeoutMs)
    signal.addEventListener('abort', abandon)
    if (signal.aborted) abandon()
    const clear = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abandon)
    }
    promise.then(resolve, reject).finally(clear)
  })
}

/** A pause that can be cut short by `wake`. */
export class Pause {
  #wake: () => void = () => undefined

  wait(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, durationMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  wake(): void {
    this.#wake()
  }
}
