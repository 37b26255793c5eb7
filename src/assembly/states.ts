/** What the parts say of themselves, as `/metrics` shows it. */
import type { PartStates } from '../ports/metrics.ts'
import type { Parts } from './parts.ts'

/** What only a process with an API has. */
export type DoorStates = { readonly runningRequests: number; readonly bodyBytes: number }

export async function readStates(parts: Parts, doors: DoorStates): Promise<PartStates> {
  const { chain, core, directory, retention, snapshots, watcher } = parts
  const { headAgeMs } = chain.state()
  const { sweptAtMs, removed } = retention.state()
  const snapshotAgeMs = snapshots.oldestAgeMs()
  return {
    parts: await parts.readiness(),
    lines: core.performer.state(),
    callable: Object.fromEntries(directory.status().map(({ name, callable }) => [name, callable])),
    ledger: core.purse.state(),
    chainHeadAgeS: headAgeMs === null ? null : headAgeMs / 1000,
    snapshotAgeS: snapshotAgeMs === null ? null : snapshotAgeMs / 1000,
    depositLagBlocks: watcher.state().lagBlocks,
    retention: { removed, sweptAgeS: sweptAtMs === null ? null : (Date.now() - sweptAtMs) / 1000 },
    ...doors,
  }
}
