/** What is true of every run that has ended, whatever happened on the way. */
import { expect } from 'vitest'
import type { Run } from '../../../src/ports/runs.ts'
import type { Store } from '../../../src/ports/store.ts'

/** P1, P5, P6: each step charged at most once, the hold closed and never passed, events without gaps, one last one. */
export async function expectConsistent(store: Store, run: Run): Promise<void> {
  expect(run.endedAt).not.toBeNull()
  expect(run.capturedRao + run.releasedRao).toBe(run.heldRao)
  const receipts = (await store.ledger.listReceipts(run.accountId, 1_000)).filter(
    ({ runId }) => runId === run.id,
  )
  const charged = run.steps.filter(({ receiptId }) => receiptId !== null)
  expect(receipts.map(({ id }) => id).sort()).toEqual(charged.map(({ receiptId }) => receiptId).sort())
  expect(receipts.reduce((sum, { capturedRao }) => sum + capturedRao, 0n)).toBe(run.capturedRao)
  for (const step of run.steps) expect(step.status === 'succeeded' || step.costRao === 0n).toBe(true)
  const events = await store.runs.log.listEvents(run.id, 0, 10_000)
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, index) => index + 1))
  const last = events.filter(({ type }) => /^run\.(succeeded|failed|cancelled|expired)$/.test(type))
  expect(last).toEqual(events.slice(-1))
  expect(last[0]?.type).toBe(`run.${run.status}`)
  for (const step of run.steps) {
    const succeeded = events.filter(({ type, stepId }) => type === 'step.succeeded' && stepId === step.id)
    expect(succeeded.length).toBe(step.status === 'succeeded' ? 1 : 0)
  }
  expect((await store.ledger.verify()).checks.filter(({ passed }) => !passed)).toEqual([])
}
