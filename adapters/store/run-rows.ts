/** Reads runs, steps and events out of their rows. */

import { CAPABILITIES } from '../../src/ports/capability.ts'
import type { Run, RunError, RunEvent, RunStatus, RunStep, StepStatus } from '../../src/ports/runs.ts'
import {
  bigintOf,
  booleanOf,
  integerOf,
  nullableTextOf,
  nullableTimeOf,
  type Row,
  textOf,
  timeOf,
} from './columns.ts'
import type { Queryable } from './database.ts'

const RUN = `
  select r.*, h.amount as held, h.captured, h.released
    from yumagate.run r join yumagate.hold h on h.id = r.hold_id`

const RUN_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired'] as const
const STEP_STATUSES = ['pending', 'ready', 'running', 'succeeded', 'failed', 'skipped', 'cancelled'] as const
const USES = [...CAPABILITIES, 'text.concat'] as const

/** Runs that match, each with its steps. `where` speaks of `r`, the run, and may order and limit. */
export async function selectRuns(
  database: Queryable,
  where: string,
  values: readonly unknown[],
): Promise<readonly Run[]> {
  const rows = await database.query(`${RUN} ${where}`, values)
  if (rows.length === 0) return []
  const steps = await database.query(
    'select * from yumagate.run_step where run_id = any ($1) order by position',
    [rows.map((row) => textOf(row, 'id'))],
  )
  return rows.map((row) => readRun(row, steps))
}

export function readEvent(row: Row): RunEvent {
  const data: unknown = JSON.parse(textOf(row, 'data'))
  if (typeof data !== 'object' || data === null) throw new Error('the data of an event is no object')
  return {
    sequence: integerOf(row, 'sequence'),
    type: textOf(row, 'type'),
    stepId: nullableTextOf(row, 'step_id'),
    at: timeOf(row, 'at'),
    data: { ...data },
  }
}

/** JSON text for a nullable column; null for what JSON has no text for. */
export const jsonText = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)

function readRun(row: Row, steps: readonly Row[]): Run {
  const id = textOf(row, 'id')
  return {
    id,
    accountId: textOf(row, 'account_id'),
    keyId: textOf(row, 'key_id'),
    status: oneOf<RunStatus>(RUN_STATUSES, textOf(row, 'status')),
    definition: jsonOf(row, 'definition'),
    priceVersion: textOf(row, 'price_version'),
    holdId: textOf(row, 'hold_id'),
    heldRao: bigintOf(row, 'held'),
    capturedRao: bigintOf(row, 'captured'),
    releasedRao: bigintOf(row, 'released'),
    output: jsonOf(row, 'output'),
    partial: booleanOf(row, 'is_partial'),
    error: readError(row),
    createdAt: timeOf(row, 'created_at'),
    startedAt: nullableTimeOf(row, 'started_at'),
    endedAt: nullableTimeOf(row, 'ended_at'),
    expiresAt: timeOf(row, 'expires_at'),
    steps: steps.filter((step) => step.run_id === id).map(readStep),
  }
}

function readStep(row: Row): RunStep {
  return {
    id: textOf(row, 'id'),
    use: oneOf<RunStep['use']>(USES, textOf(row, 'use')),
    status: oneOf<StepStatus>(STEP_STATUSES, textOf(row, 'status')),
    attempts: integerOf(row, 'attempts'),
    fence: integerOf(row, 'fence'),
    output: jsonOf(row, 'output'),
    error: readError(row),
    costRao: bigintOf(row, 'cost'),
    receiptId: nullableTextOf(row, 'receipt_id'),
    provider: jsonOf(row, 'provider'),
    startedAt: nullableTimeOf(row, 'started_at'),
    endedAt: nullableTimeOf(row, 'ended_at'),
  }
}

function readError(row: Row): RunError | null {
  const code = nullableTextOf(row, 'error_code')
  return code === null ? null : { code, message: nullableTextOf(row, 'error_message') ?? '' }
}

function jsonOf(row: Row, column: string): unknown {
  const text = nullableTextOf(row, column)
  return text === null ? null : JSON.parse(text)
}

function oneOf<Word extends string>(words: readonly Word[], text: string): Word {
  const found = words.find((word) => word === text)
  if (found === undefined) throw new Error(`the database answered an unknown word: ${text}`)
  return found
}
