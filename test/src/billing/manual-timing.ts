/** A clock that tests turn by hand, and a log that keeps what was written. */

import type { Timing } from '../../../src/billing/timing.ts'
import type { Logger } from '../../../src/ports/logger.ts'

export type ManualTiming = Timing & {
  /** Turns the clock and calls what came due, in order, letting promises settle between. */
  advance(byMs: number): Promise<void>
  /** Timers that are set now. */
  pending(): number
}

export function manualTiming(wallStartMs = Date.parse('2026-11-25T12:00:00Z')): ManualTiming {
  let nowMs = 0
  let timers: { atMs: number; callback: () => void }[] = []
  return {
    monotonicMs: () => nowMs,
    wallMs: () => wallStartMs + nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    pending: () => timers.length,
    async advance(byMs) {
      const untilMs = nowMs + byMs
      await settlePromises()
      for (;;) {
        const due = timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (!due) break
        timers = timers.filter((timer) => timer !== due)
        nowMs = Math.max(nowMs, due.atMs)
        due.callback()
        await settlePromises()
      }
      nowMs = untilMs
      await settlePromises()
    },
  }
}

/** Lets every promise that can settle without a timer settle. */
export async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

export type KeptLog = Logger & { readonly lines: string[] }

export function keptLog(): KeptLog {
  const lines: string[] = []
  const write = (level: string) => (_facts: object, sentence: string) =>
    void lines.push(`${level}: ${sentence}`)
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
