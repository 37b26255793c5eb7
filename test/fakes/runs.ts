/** Pipeline runs in memory: the same rows, fences, leases and money as the real ones. */
import { GatewayError } from '../../src/errors.ts'
import type { RemovedRuns } from '../../src/ports/retention.ts'
import type {
  ClaimReference,
  CreateRunOutcome,
  NewEvent,
  NewRun,
  Run,
  RunEnd,
  RunEvent,
  RunLog,
  RunStatus,
  RunStep,
  Runs,
  StepCommit,
} from '../../src/ports/runs.ts'
import { type FakeBooks, type FakeHold, isoOf } from './books.ts'
import { capture, placeHold, releaseRest, restOf } from './ledger.ts'

type Step = { -readonly [name in keyof RunStep]: RunStep[name] } & {
  dueAtMs: number
  leaseUntilMs: number
  leaseProcess: string | null
  offeredAtMs: number
}

type Row = {
  readonly made: NewRun
  readonly steps: Map<string, Step>
  readonly events: RunEvent[]
  readonly createdAtMs: number
  status: RunStatus
  end: RunEnd | null
  startedAt: string | null
  endedAt: string | null
}

type Rows = { readonly books: FakeBooks; readonly rows: Map<string, Row> }

const NEVER = Number.NEGATIVE_INFINITY

const rowsByBooks = new WeakMap<FakeBooks, Rows['rows']>()

/** Makes the steps due again that processes had claimed of whom `isDead` says so. @returns how many */
export function releaseSteps(books: FakeBooks, isDead: (processId: string | null) => boolean): number {
  let count = 0
  for (const row of rowsByBooks.get(books)?.values() ?? []) {
    for (const step of row.steps.values()) {
      if (row.end || step.status !== 'running' || !isDead(step.leaseProcess)) continue
      Object.assign(step, { status: 'ready', dueAtMs: books.now(), offeredAtMs: NEVER, leaseProcess: null })
      count += 1
    }
  }
  return count
}

/** Removes the oldest runs that ended before then, as many as the rows allow. */
export function removeEndedRuns(books: FakeBooks, beforeMs: number, rowsMax: number): RemovedRuns {
  const rows = rowsByBooks.get(books) ?? new Map<string, Row>()
  const old = [...rows.values()]
    .filter(({ endedAt }) => endedAt !== null && Date.parse(endedAt) < beforeMs)
    .sort((a, b) => (a.endedAt ?? '').localeCompare(b.endedAt ?? ''))
  const removed = { runs: 0, rows: 0 }
  let countedRows = 0
  for (const { made, steps, events } of old) {
    if (countedRows >= rowsMax) break
    rows.delete(made.id)
    countedRows += events.length + 1
    removed.runs += 1
    removed.rows += events.length + steps.size + 1
  }
  return removed
}

/** Definitions of the runs that have not ended, as JSON. */
export const openDefinitions = (books: FakeBooks): readonly string[] =>
  [...(rowsByBooks.get(books)?.values() ?? [])]
    .filter(({ end }) => end === null)
    .map(({ made }) => JSON.stringify(made.definition))

export function fakeRuns(books: FakeBooks): Runs {
  const state: Rows = { books, rows: new Map() }
  rowsByBooks.set(books, state.rows)
  const { rows } = state
  return {
    async create(run) {
      if (books.failure) throw books.failure
      return create(state, run)
    },
    async find(runId, accountId) {
      const row = rows.get(runId)
      return row && (accountId === null || row.made.accountId === accountId) ? view(books, row) : null
    },
    async list(accountId, { limit, after }) {
      const own = [...rows.values()].filter((row) => row.made.accountId === accountId).reverse()
      const start = after === null ? 0 : own.findIndex((row) => row.made.id === after) + 1
      if (after !== null && start === 0) return []
      return own.slice(start, start + limit).map((row) => view(books, row))
    },
    async claim(runId, stepId, { processId, leaseMs, announce }) {
      const row = rows.get(runId)
      const step = row?.steps.get(stepId)
      if (!row || !step || row.end || isExpired(books, row)) return null
      const isDue = step.status === 'ready' && step.dueAtMs <= books.now()
      const isLost = step.status === 'running' && step.leaseUntilMs <= books.now()
      if (!isDue && !isLost) return null
      Object.assign(step, {
        status: 'running',
        offeredAtMs: NEVER,
        fence: step.fence + 1,
        leaseUntilMs: books.now() + leaseMs,
        leaseProcess: processId,
        startedAt: step.startedAt ?? isoOf(books.now()),
      })
      const isFirst = row.status === 'queued'
      row.status = 'running'
      row.startedAt ??= isoOf(books.now())
      const claim = { run: view(books, row), stepId, fence: step.fence }
      append(books, row, announce(claim, isFirst))
      return claim
    },
    async renew({ runId, stepId, fence }, leaseMs) {
      const row = rows.get(runId)
      const step = row?.steps.get(stepId)
      if (!row || !step || row.end || step.status !== 'running' || step.fence !== fence) return false
      step.leaseUntilMs = books.now() + leaseMs
      return true
    },
    async commitStep(claim, conclude) {
      if (books.failure) throw books.failure
      return commitStep(state, claim, conclude)
    },
    log: fakeRunLog(state),
  }
}

function fakeRunLog({ books, rows }: Rows): RunLog {
  return {
    async endRun(runId, conclude) {
      if (books.failure) throw books.failure
      const row = rows.get(runId)
      if (!row || row.end) return false
      const { end, event } = conclude(view(books, row))
      append(books, row, [event])
      finish(books, row, end)
      return true
    },
    async append(runId, event) {
      const row = rows.get(runId)
      if (!row || row.end) return false
      append(books, row, [event])
      return true
    },
    async listEvents(runId, after, limit) {
      return (rows.get(runId)?.events ?? []).filter((event) => event.sequence > after).slice(0, limit)
    },
    async takeDue({ limit, patienceMs }) {
      const open = [...rows.values()].filter((row) => !row.end)
      const nowMs = books.now()
      const due = open
        .filter((row) => !isExpired(books, row))
        .flatMap((row) => [...row.steps.values()].map((step) => ({ row, step })))
        .filter(
          ({ step }) =>
            step.offeredAtMs <= nowMs - patienceMs &&
            ((step.status === 'ready' && step.dueAtMs <= nowMs) ||
              (step.status === 'running' && step.leaseUntilMs <= nowMs)),
        )
        .slice(0, limit)
      for (const { step } of due) step.offeredAtMs = nowMs
      const expired = open.filter((row) => isExpired(books, row)).map((row) => row.made.id)
      return {
        steps: due.map(({ row, step: { id, use, fence } }) => ({
          runId: row.made.id,
          stepId: id,
          use,
          fence,
        })),
        expiredRunIds: expired.slice(0, limit),
      }
    },
    async listEnded(runIds) {
      return runIds.filter((runId) => rows.get(runId)?.end)
    },
    async releaseLeases(keepProcessId) {
      return releaseSteps(books, (processId) => processId !== keepProcessId)
    },
    async wasRemoved(runId, accountId) {
      return !rows.has(runId) && books.holds.get(`hold:${runId}`)?.request.accountId === accountId
    },
  }
}

function create({ books, rows }: Rows, run: NewRun): CreateRunOutcome {
  const { idempotency } = run
  if (idempotency) {
    for (const row of rows.values()) {
      if (row.made.accountId !== run.accountId || row.made.idempotency?.key !== idempotency.key) continue
      if (row.made.idempotency.fingerprint !== idempotency.fingerprint) return { kind: 'mismatch' }
      return { kind: 'replayed', run: view(books, row) }
    }
  }
  // Also of a run that was removed.
  if (books.holds.has(`hold:${run.id}`)) throw new GatewayError('conflict', 'That run exists.')
  const { accountId, keyId, holdRao: amountRao, timeoutMs: ttlMs } = run
  const outcome = placeHold(books, { id: `hold:${run.id}`, accountId, keyId, amountRao, ttlMs }, true)
  if (outcome.kind === 'refused') throw new GatewayError('invalid_api_key', 'This API key is not valid.')
  if (outcome.kind === 'conflict') throw new GatewayError('conflict', 'That run exists.')
  if (outcome.kind !== 'held') return outcome
  const row: Row = {
    made: structuredClone(run),
    steps: new Map(
      run.steps.map(({ id, use, ready }) => [
        id,
        {
          id,
          use,
          status: ready ? 'ready' : 'pending',
          attempts: 0,
          fence: 0,
          output: null,
          error: null,
          costRao: 0n,
          receiptId: null,
          provider: null,
          startedAt: null,
          endedAt: null,
          dueAtMs: books.now(),
          leaseUntilMs: 0,
          offeredAtMs: NEVER,
          leaseProcess: null,
        },
      ]),
    ),
    events: [],
    createdAtMs: books.now(),
    status: 'queued',
    end: null,
    startedAt: null,
    endedAt: null,
  }
  append(books, row, run.events)
  rows.set(run.id, row)
  return { kind: 'created', run: view(books, row) }
}

function commitStep(
  { books, rows }: Rows,
  { runId, stepId, fence }: ClaimReference,
  conclude: (run: Run) => StepCommit,
): StepCommit | null {
  const row = rows.get(runId)
  const step = row?.steps.get(stepId)
  if (!row || !step || row.end || step.status !== 'running' || step.fence !== fence) return null
  const commit = conclude(view(books, row))
  const { receipt } = commit
  const captureId = `cap:${runId}:${stepId}`
  if (receipt && step.receiptId === null) {
    const hold = holdOf(books, row)
    if (receipt.capturedRao > restOf(hold)) {
      throw new GatewayError('internal_error', 'A step cost more than is left of the hold of its run.')
    }
    capture(books, hold, receipt, captureId)
    step.costRao = receipt.capturedRao
    step.receiptId = receipt.id
  }
  const isOver = commit.status !== 'ready'
  Object.assign(step, {
    status: commit.status,
    attempts: commit.attempts,
    output: structuredClone(commit.output) ?? null,
    error: commit.error,
    provider: structuredClone(commit.provider) ?? null,
    endedAt: isOver ? isoOf(books.now()) : null,
    dueAtMs: books.now() + commit.delayMs,
    leaseProcess: null,
  })
  for (const id of commit.ready) {
    const other = row.steps.get(id)
    if (other?.status === 'pending') Object.assign(other, { status: 'ready', dueAtMs: books.now() })
  }
  for (const id of commit.skipped) {
    const other = row.steps.get(id)
    if (other?.status === 'pending') Object.assign(other, { status: 'skipped', endedAt: isoOf(books.now()) })
  }
  append(books, row, commit.events)
  if (commit.end) finish(books, row, commit.end)
  return commit
}

function finish(books: FakeBooks, row: Row, end: RunEnd): void {
  row.end = structuredClone(end)
  row.status = end.status
  row.endedAt = isoOf(books.now())
  for (const step of row.steps.values()) {
    if (step.status === 'pending' || step.status === 'ready' || step.status === 'running') {
      Object.assign(step, { status: 'cancelled', endedAt: row.endedAt, leaseProcess: null })
    }
  }
  releaseRest(books, `hold:${row.made.id}`, holdOf(books, row))
}

function append(books: FakeBooks, row: Row, events: readonly NewEvent[]): void {
  for (const event of events) {
    row.events.push({ ...structuredClone(event), sequence: row.events.length + 1, at: isoOf(books.now()) })
  }
}

const isExpired = (books: FakeBooks, row: Row): boolean => row.createdAtMs + row.made.timeoutMs <= books.now()

function holdOf(books: FakeBooks, row: Row): FakeHold {
  const hold = books.holds.get(`hold:${row.made.id}`)
  if (!hold) throw new Error(`run ${row.made.id} has no hold`)
  return hold
}

function view(books: FakeBooks, row: Row): Run {
  const { made, end } = row
  const hold = holdOf(books, row)
  return structuredClone({
    id: made.id,
    accountId: made.accountId,
    keyId: made.keyId,
    status: row.status,
    definition: made.definition,
    priceVersion: made.priceVersion,
    holdId: hold.request.id,
    heldRao: hold.request.amountRao,
    capturedRao: hold.capturedRao,
    releasedRao: hold.releasedRao,
    output: end?.output ?? null,
    partial: end?.partial ?? false,
    error: end?.error ?? null,
    createdAt: isoOf(row.createdAtMs),
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    expiresAt: isoOf(row.createdAtMs + made.timeoutMs),
    steps: [...row.steps.values()].map(
      ({ dueAtMs: _due, leaseUntilMs: _until, leaseProcess: _process, offeredAtMs: _offered, ...step }) =>
        step,
    ),
  })
}
