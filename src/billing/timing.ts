/** Time as billing sees it, so that tests can turn the clock. */
export type Timing = {
  /** Milliseconds that never go back, for durations. */
  monotonicMs(): number
  /** Milliseconds since 1970, for what people read. */
  wallMs(): number
  /** Calls back once after `delayMs`; does not keep the process alive. @returns the function that cancels it */
  after(delayMs: number, callback: () => void): () => void
}

export const systemTiming: Timing = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs`. */
export function sleep(timing: Timing, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    timing.after(delayMs, resolve)
  })
}
