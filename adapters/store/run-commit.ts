/** The end of a step, or its return for another attempt: one transaction that checks the claim's fence. */
import { GatewayError } from '../../src/errors.ts'
import type { Receipt } from '../../src/ports/ledger.ts'
import type { ClaimReference, Run, StepCommit } from '../../src/ports/runs.ts'
import { nullableTextOf } from './columns.ts'
import { type Database, type Queryable, Rollback } from './database.ts'
import { encodeReceipt } from './receipt-text.ts'
import { appendEvents, finishRun, lockOpenRun } from './run-log.ts'
import { jsonText, selectRuns } from './run-rows.ts'

type Write = { readonly claim: ClaimReference; readonly commit: StepCommit }

export function commitStep(
  database: Database,
  claim: ClaimReference,
  conclude: (run: Run) => StepCommit,
): Promise<StepCommit | null> {
  return database.transaction(async (transaction) => {
    const { runId } = claim
    const holdId = await lockOpenRun(transaction, runId)
    const run = holdId === null ? null : await findClaimed(transaction, claim)
    if (holdId === null || !run) throw new Rollback<StepCommit | null>(null)
    const commit = conclude(run)
    const write = { claim, commit }
    const step = await writeStep(transaction, write)
    if (!step) throw new Rollback<StepCommit | null>(null)
    if (commit.receipt && step.receiptId === null) {
      await capture(transaction, write, { receipt: commit.receipt, holdId })
    }
    if (commit.ready.length + commit.skipped.length > 0) await moveOthers(transaction, write)
    await appendEvents(transaction, runId, commit.events)
    if (commit.end) await finishRun(transaction, { runId, holdId }, commit.end)
    return commit
  })
}

/** The run under its lock, if the claim still has its step: a late result must not be concluded from. */
async function findClaimed(
  transaction: Queryable,
  { runId, stepId, fence }: ClaimReference,
): Promise<Run | null> {
  const [run] = await selectRuns(transaction, 'where r.id = $1', [runId])
  const step = run?.steps.find(({ id }) => id === stepId)
  return run && step?.status === 'running' && step.fence === fence ? run : null
}

async function writeStep(
  transaction: Queryable,
  { claim, commit }: Write,
): Promise<{ readonly receiptId: string | null } | null> {
  const [row] = await transaction.query(
    `update yumagate.run_step
       set status = $4, attempts = $5, output = $6, error_code = $7, error_message = $8, provider = $9,
         due_at = now() + $10 * interval '1 millisecond',
         ended_at = case when $4 = 'ready' then null else now() end,
         lease_until = null, lease_process = null
       where run_id = $1 and id = $2 and fence = $3 and status = 'running'
       returning id, receipt_id`,
    [
      claim.runId,
      claim.stepId,
      claim.fence,
      commit.status,
      commit.attempts,
      jsonText(commit.output),
      commit.error?.code ?? null,
      commit.error?.message ?? null,
      jsonText(commit.provider),
      commit.delayMs,
    ],
  )
  return row ? { receiptId: nullableTextOf(row, 'receipt_id') } : null
}

/** Once per step, whatever happens: the id of the transaction has no attempt in it. */
async function capture(
  transaction: Queryable,
  { claim: { runId, stepId } }: Write,
  { receipt, holdId }: { readonly receipt: Receipt; readonly holdId: string },
): Promise<void> {
  const [row] = await transaction.query(
    'select yumagate.ledger_capture($1, $2, $3, $4, $5, $6, $7, $8) as captured',
    [
      `cap:${runId}:${stepId}`,
      holdId,
      receipt.id,
      receipt.accountId,
      receipt.capturedRao,
      receipt.requestId,
      `revenue:${receipt.capability}`,
      encodeReceipt(receipt),
    ],
  )
  if (row?.captured !== true) {
    throw new GatewayError('internal_error', 'A step cost more than is left of the hold of its run.')
  }
  await transaction.query(
    'update yumagate.run_step set cost = $3, receipt_id = $4 where run_id = $1 and id = $2',
    [runId, stepId, receipt.capturedRao, receipt.id],
  )
}

async function moveOthers(transaction: Queryable, { claim, commit }: Write): Promise<void> {
  await transaction.query(
    `update yumagate.run_step
       set status = case when id = any ($2) then 'ready' else 'skipped' end,
         due_at = now(),
         ended_at = case when id = any ($2) then null else now() end
       where run_id = $1 and status = 'pending' and (id = any ($2) or id = any ($3))`,
    [claim.runId, commit.ready, commit.skipped],
  )
}
