/** Releases holds that nobody will settle any more: of requests that outlived their time, and of processes that are gone. */
import type { Ledger } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import type { Timing } from './timing.ts'

export type SweeperOptions = {
  readonly ledger: Pick<Ledger, 'sweep'>
  readonly timing: Timing
  readonly log: Logger
  /**
   * This process's id when it is the only one on the store: then all open request holds of others are of dead processes and are released
   * at once. Null when other processes may live on the store; their holds are released when their time is over.
   */
  readonly onlyProcessId: string | null
  readonly intervalMs?: number
}

export type SweeperState = {
  /** Holds released since the start. */
  readonly released: number
  /** Whether the holds of earlier processes are dealt with. */
  readonly hasStarted: boolean
  /** Why the last sweep failed, for people; null after one that worked. */
  readonly problem: string | null
}

export type Sweeper = {
  state(): SweeperState
  /** Stops; resolves when no sweep is under way. */
  close(): Promise<void>
}

// A hold is released at most this long after its time: callers wait for their money, the ledger for one small statement.
const INTERVAL_MS = 10_000

/** Sweeps now and then every `intervalMs`. A sweep that fails is tried again at the next interval. */
export function startSweeper(options: SweeperOptions): Sweeper {
  const { ledger, timing, log, onlyProcessId } = options
  const intervalMs = options.intervalMs ?? INTERVAL_MS
  let released = 0
  let hasStarted = false
  let isClosed = false
  let problem: string | null = null
  let cancel = () => {}
  let sweeping: Promise<void> = Promise.resolve()

  const sweep = async () => {
    try {
      const count = await ledger.sweep({ keepProcessId: hasStarted ? null : onlyProcessId })
      hasStarted = true
      problem = null
      released += count
      if (count > 0) log.warn({ holds: count }, 'Holds were released that nobody had settled.')
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
      log.warn({ error }, 'Holds could not be swept; trying again.')
    }
  }
  const next = () => {
    sweeping = sweep().then(() => {
      if (!isClosed) cancel = timing.after(intervalMs, next)
    })
  }
  next()

  return {
    state: () => ({ released, hasStarted, problem }),
    async close() {
      isClosed = true
      cancel()
      await sweeping
    },
  }
}
