/** The events of a run: what followers are told, and when it is over. Pure. */
import type { GatewayError } from '../../errors.ts'
import type { NewEvent, Run, RunEnd, RunError } from '../../ports/runs.ts'

const TERMINAL = ['run.succeeded', 'run.failed', 'run.cancelled', 'run.expired'] as const

/** Whether nothing comes after it. */
export const isTerminal = (type: string): boolean => TERMINAL.some((terminal) => terminal === type)

export const errorOf = ({ code, message }: GatewayError): RunError => ({
  code,
  // Control characters have no place in a column or a log line.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  message: message.replaceAll(/[\u0000-\u001f]/g, ' '),
})

export const runEvent = (type: string, data: NewEvent['data']): NewEvent => ({ type, stepId: null, data })

export const stepEvent = (type: string, stepId: string, data: NewEvent['data']): NewEvent => ({
  type,
  stepId,
  data,
})

/** What a run has cost so far. @param isOver - then what was not captured has gone back */
export function costOf(
  run: { readonly heldRao: bigint; readonly capturedRao: bigint },
  isOver: boolean,
): { readonly held_rao: string; readonly captured_rao: string; readonly released_rao: string } {
  return {
    held_rao: run.heldRao.toString(),
    captured_rao: run.capturedRao.toString(),
    released_rao: (isOver ? run.heldRao - run.capturedRao : 0n).toString(),
  }
}

/** The last event of a run. */
export function endEvent(run: Pick<Run, 'heldRao' | 'capturedRao'>, end: RunEnd): NewEvent {
  return runEvent(`run.${end.status}`, {
    status: end.status,
    partial: end.partial,
    ...(end.error && { error: end.error }),
    cost: costOf(run, true),
  })
}
