/** Tells other processes what this one has seen of miners, and hears what they have; over restarts too. */
import type { Timing } from '../billing/timing.ts'
import type { Logger } from '../ports/logger.ts'
import type { MinerSighting, MinerSightings } from '../ports/sightings.ts'

export type SharedHealthOptions = {
  readonly sightings: MinerSightings
  readonly health: {
    takeNews(): readonly MinerSighting[]
    returnNews(news: readonly MinerSighting[]): void
    setOthers(sightings: readonly MinerSighting[]): void
  }
  readonly processId: string
  /** Of what `health` has seen. */
  readonly halfLifeMs: number
  /** Whether no other process works on this store: then what was heard at the start is all there is to hear. */
  readonly isAlone: boolean
  readonly timing: Timing
  readonly log: Logger
}

export type SharedHealth = {
  /** Tells what is left to tell, and stops. */
  close(): Promise<void>
}

const INTERVAL_MS = 5_000

/** Has heard of the others when this resolves, unless the store does not answer: then it asks again. */
export async function shareHealth(options: SharedHealthOptions): Promise<SharedHealth> {
  const { sightings, health, processId, halfLifeMs, isAlone, timing, log } = options
  let hasHeard = false
  let isClosed = false
  let cancel = () => {}
  let exchanging: Promise<void> = Promise.resolve()

  const tell = async () => {
    const news = health.takeNews()
    try {
      await sightings.write(processId, news)
    } catch (error) {
      health.returnNews(news)
      throw error
    }
  }
  const hear = async () => {
    if (isAlone && hasHeard) return
    health.setOthers(await sightings.readOthers(processId, halfLifeMs))
    hasHeard = true
  }
  const exchange = async () => {
    try {
      await tell()
      if (!isClosed) await hear()
    } catch (error) {
      log.warn({ error }, 'What was seen of miners could not be exchanged; trying again.')
    }
  }
  const plan = () => {
    cancel = timing.after(INTERVAL_MS, () => {
      exchanging = exchange().then(() => {
        if (!isClosed) plan()
      })
    })
  }

  await exchange()
  plan()
  return {
    async close() {
      isClosed = true
      cancel()
      await exchanging
      await exchange()
    },
  }
}
