/** Sightings of miners in memory. */
import type { MinerSighting, MinerSightings } from '../../src/ports/sightings.ts'

export function fakeSightings(now: () => number): MinerSightings {
  const rows = new Map<
    string,
    { readonly processId: string; readonly sighting: MinerSighting; readonly atMs: number }
  >()
  return {
    async write(processId, sightings) {
      for (const sighting of sightings) {
        const key = JSON.stringify([processId, sighting.netuid, sighting.hotkey])
        rows.set(key, { processId, sighting: { ...sighting }, atMs: now() })
      }
    },
    async readOthers(processId, halfLifeMs) {
      const sums = new Map<string, MinerSighting>()
      for (const { processId: writer, sighting, atMs } of rows.values()) {
        if (writer === processId) continue
        const { netuid, hotkey } = sighting
        const key = JSON.stringify([netuid, hotkey])
        const factor = 0.5 ** (Math.max(now() - atMs, 0) / halfLifeMs)
        const sum = sums.get(key)
        sums.set(key, {
          netuid,
          hotkey,
          successes: (sum?.successes ?? 0) + sighting.successes * factor,
          failures: (sum?.failures ?? 0) + sighting.failures * factor,
          latencySumMs: (sum?.latencySumMs ?? 0) + sighting.latencySumMs * factor,
          latencyWeight: (sum?.latencyWeight ?? 0) + sighting.latencyWeight * factor,
        })
      }
      return [...sums.values()]
    },
  }
}
