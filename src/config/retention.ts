/** Settings of what is kept for a time. What is money has none, and says so to whoever looks for it. */

import { z } from 'zod'
import type { Setting } from './setting.ts'

const DAY_MS = 86_400_000
const DAYS_MAX = 36_500

const days = z.coerce.number().int().min(0).max(DAYS_MAX)

/** Rows of the table of settings. */
export const KEEP_SETTINGS = {
  YUMAGATE_KEEP_RUNS_D: {
    schema: days,
    default: '30',
    reason:
      'Days that runs are kept after they have ended, with their steps, events and outputs. 0: for ever. Receipts and the ledger stay in any case.',
  },
  YUMAGATE_KEEP_FILES_D: {
    schema: days,
    default: '30',
    reason:
      'Days that files are kept which the gateway made: pictures of runs and of images/generations. 0: for ever.',
  },
  YUMAGATE_KEEP_UPLOADS_D: {
    schema: days,
    default: '0',
    reason: 'Days that files are kept which callers sent. 0: until they delete them, as OpenAI does.',
  },
} as const satisfies Record<string, Setting>

/** Names that somebody may try, and why there is no such setting. */
export const KEPT_FOR_EVER: ReadonlyMap<string, string> = new Map(
  [
    ['YUMAGATE_KEEP_RECEIPTS_D', 'receipts'],
    ['YUMAGATE_KEEP_USAGE_D', 'usage rows are receipts and'],
    ['YUMAGATE_KEEP_HOLDS_D', 'holds prove the receipts and'],
    ['YUMAGATE_KEEP_LEDGER_D', 'entries of the ledger'],
    ['YUMAGATE_KEEP_DEPOSITS_D', 'deposits'],
    ['YUMAGATE_KEEP_AUDIT_D', 'entries of the audit log'],
  ].map(([name = '', what]) => [name, `no such setting: ${what} are kept for ever; see docs/operations.md`]),
)

/** @returns milliseconds; null for ever, which is written as 0 days */
export const keepMs = (days: number): number | null => (days === 0 ? null : days * DAY_MS)
