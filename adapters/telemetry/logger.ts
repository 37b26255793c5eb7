/** The log: one JSON object a line on standard error, by pino. Never holds keys, prompts or answers. */
import pino from 'pino'
import type { Logger } from '../../src/ports/logger.ts'
import { showError } from './show-error.ts'

/** @param level - least severe level written, `silent` for none */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (value) => showError(value), error: (value) => showError(value) },
      redact: { paths: ['*.authorization', '*.key', '*.apiKey'], censor: '(removed)' },
    },
    pino.destination({ dest: 2, sync: false }),
  )
}
