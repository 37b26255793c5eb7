/** What went wrong at a miner → the gateway's error, with the `MinerFailure` as its cause. Nothing of the miner's text is public. */
import { type ErrorCode, GatewayError } from '../../../src/errors.ts'
import { MinerFailure, type MinerFailureReason } from '../../../src/ports/miner.ts'

/** What the log may know beyond the reason. */
export type FailureDetail = {
  readonly status?: number
  readonly retryAfterMs?: number
  readonly cause?: unknown
  /** A more exact code than the reason's own. */
  readonly code?: ErrorCode
}

const PUBLIC: Record<MinerFailureReason, { readonly code: ErrorCode; readonly message: string }> = {
  unreachable: { code: 'no_expert_available', message: 'The miner could not be reached.' },
  busy: { code: 'no_expert_available', message: 'The miner is busy.' },
  forbidden: { code: 'expert_bad_response', message: 'The miner does not serve this gateway.' },
  unauthorized: { code: 'expert_bad_response', message: 'The miner did not accept the gateway’s signature.' },
  'not-found': { code: 'expert_bad_response', message: 'The miner does not have this model.' },
  slow: { code: 'expert_timeout', message: 'The miner did not answer in time.' },
  'server-error': { code: 'expert_bad_response', message: 'The miner failed.' },
  garbage: { code: 'expert_bad_response', message: 'The miner’s answer is not valid.' },
  cut: { code: 'expert_bad_response', message: 'The miner broke off its answer.' },
  refused: { code: 'invalid_request', message: 'The miner refused the request as malformed.' },
}

/**
 * Builds the error of a failed attempt.
 *
 * @param detailText - for the log alone
 */
export function minerError(
  reason: MinerFailureReason,
  detailText: string,
  detail: FailureDetail = {},
): GatewayError {
  const { code, message } = PUBLIC[reason]
  const cause = new MinerFailure(reason, detailText, detail)
  if (detail.code === 'context_length_exceeded') {
    return new GatewayError(detail.code, 'The messages are too long for this model.', { cause })
  }
  return new GatewayError(
    detail.code ?? code,
    message,
    detail.retryAfterMs === undefined ? { cause } : { cause, retryAfterMs: detail.retryAfterMs },
  )
}

/** The reason that an HTTP status other than 2xx stands for (the port's table; see the port). */
export function reasonOfStatus(status: number): MinerFailureReason {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return 'refused'
    case 401:
      return 'unauthorized'
    case 402: // Our balance with the provider is used up: for us the same as not being welcome.
    case 403:
      return 'forbidden'
    case 404:
      return 'not-found'
    case 408:
    case 504:
      return 'slow'
    case 429:
    case 503:
      return 'busy'
    default:
      return status >= 500 ? 'server-error' : 'garbage' // Redirects too: they are never followed.
  }
}

/** The error of a request that the miner refused, by the body of its answer: too many tokens is told apart. */
export function refusalError(status: number, body: Buffer): GatewayError {
  const text = body.toString()
  return minerError('refused', `HTTP ${status}: ${text.slice(0, 200)}`, {
    status,
    ...(status === 400 && text.includes('"context_length_exceeded"')
      ? { code: 'context_length_exceeded' }
      : {}),
  })
}

const RETRY_AFTER_MS_MAX = 3_600_000 // A miner may not make us wait longer than an hour by asking.

/**
 * Reads a `Retry-After` header: whole seconds or an HTTP date (RFC 9110, 10.2.3).
 *
 * @param nowMs - Unix time, for dates
 * @returns milliseconds from 0 to one hour, or undefined when there is no readable value
 */
export function parseRetryAfter(text: unknown, nowMs: number): number | undefined {
  if (typeof text !== 'string') return undefined
  const trimmed = text.trim()
  let waitMs = Number.NaN
  if (/^\d{1,9}(\.\d+)?$/.test(trimmed)) waitMs = Number(trimmed) * 1000
  else if (/^[a-z]{3}/i.test(trimmed)) waitMs = Date.parse(trimmed) - nowMs // `Date.parse` alone reads `-5` as a year.
  if (Number.isNaN(waitMs)) return undefined
  return Math.min(Math.max(Math.ceil(waitMs), 0), RETRY_AFTER_MS_MAX)
}
