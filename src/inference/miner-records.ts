/** What has been seen of miners, as performing needs it; the arithmetic is the routers' (`routers/miners`). */
import type { MinerFailure } from '../ports/miner.ts'
import type { MinerRecord } from '../ports/routing.ts'

export interface MinerRecords {
  /** The live record of a miner: the same object for the life of the process. */
  read(netuid: number | null, hotkey: string): MinerRecord
  /** Counts an attempt as under way. The function it returns is called once, with how it ended and the time to the first byte. */
  begin(
    netuid: number | null,
    hotkey: string,
  ): (ending: 'whole' | 'abandoned' | MinerFailure, latencyMs: number | null) => void
}
