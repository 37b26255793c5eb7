/** What is kept for a time goes after it: by one process at a time, at leisure, so that nobody waits for it. */
import type { Timing } from '../billing/timing.ts'
import type { Logger } from '../ports/logger.ts'
import type { Retention } from '../ports/retention.ts'
import type { Blobs } from '../ports/store.ts'
import { type OfficeOptions, openOffice } from './office.ts'
import { RetentionSweeper } from './retention-sweeper.ts'

/** For how long what is kept, in milliseconds; null for ever. */
export type KeepTimes = {
  /** Runs, after they have ended. */
  readonly runsMs: number | null
  /** Files that the gateway made. */
  readonly filesMs: number | null
  /** Files that callers sent. */
  readonly uploadsMs: number | null
}

export type RetentionOptions = {
  readonly keep: KeepTimes
  readonly retention: Retention
  readonly blobs: Pick<Blobs, 'remove' | 'listOld'>
  readonly timing: Timing
  readonly log: Logger
}

export type RetentionState = {
  /** `standby` while another process does it. */
  readonly status: 'waiting' | 'sweeping' | 'standby'
  /** When this process last went through everything, in milliseconds since 1970; null when it has not. */
  readonly sweptAtMs: number | null
  /** What this process has removed since its start. Leftovers are content that no file had. */
  readonly removed: { readonly runs: number; readonly files: number; readonly leftovers: number }
  /** Why the last sweep did not come to its end, for people; null after one that did. */
  readonly problem: string | null
}

export type RetentionOffice = { state(): RetentionState; close(): Promise<void> }

/** The lease's name in the store. */
export const RETENTION_OFFICE = 'retention'

/**
 * Starts asking for the lease, and sweeping while this process has it. No fence is checked: what is old enough for one is old enough for
 * two, and each row goes once. Nothing it meets is thrown: see `state`.
 */
export function openRetentionOffice(
  options: RetentionOptions & Pick<OfficeOptions<never>, 'leases' | 'holderId'>,
): RetentionOffice {
  const { leases, holderId, timing, log } = options
  const sweeper = new RetentionSweeper(options)
  const office = openOffice({
    ...{ leases, holderId, timing, log, name: RETENTION_OFFICE },
    begin: () => {
      sweeper.start()
      return { close: () => sweeper.stop() }
    },
  })
  return {
    state: () => {
      const state = sweeper.state()
      if (office.duty() !== null) return state
      return { ...state, status: 'standby', problem: office.problem() }
    },
    close: () => office.close(),
  }
}
