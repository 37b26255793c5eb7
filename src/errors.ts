/**
 * Every failure a client can meet, as one table, and the one class that carries it.
 *
 * A row fixes the HTTP status, the OpenAI `type`, whether a client may retry, and who has to act.
 */

type ErrorSpec = {
  /** HTTP status of the response. */
  readonly status: number
  /** OpenAI `error.type`. */
  readonly type: string
  /** Sent as `x-should-retry`, which the official OpenAI clients obey over the status. */
  readonly retry: boolean
  /** Who has to act. The label of the error metric; never sent to the client. */
  readonly blame: 'caller' | 'expert' | 'chain' | 'gateway'
}

export const ERRORS = {
  invalid_request: { status: 400, type: 'invalid_request_error', retry: false, blame: 'caller' },
  invalid_audio: { status: 400, type: 'invalid_request_error', retry: false, blame: 'caller' },
  invalid_image: { status: 400, type: 'invalid_request_error', retry: false, blame: 'caller' },
  context_length_exceeded: { status: 400, type: 'invalid_request_error', retry: false, blame: 'caller' },
  invalid_api_key: { status: 401, type: 'invalid_request_error', retry: false, blame: 'caller' },
  insufficient_quota: { status: 402, type: 'insufficient_quota', retry: false, blame: 'caller' },
  key_budget_exhausted: { status: 402, type: 'insufficient_quota', retry: false, blame: 'caller' },
  permission_denied: { status: 403, type: 'permission_error', retry: false, blame: 'caller' },
  model_not_found: { status: 404, type: 'invalid_request_error', retry: false, blame: 'caller' },
  not_found: { status: 404, type: 'invalid_request_error', retry: false, blame: 'caller' },
  method_not_allowed: { status: 405, type: 'invalid_request_error', retry: false, blame: 'caller' },
  request_timeout: { status: 408, type: 'invalid_request_error', retry: true, blame: 'caller' },
  conflict: { status: 409, type: 'invalid_request_error', retry: false, blame: 'caller' },
  request_too_large: { status: 413, type: 'invalid_request_error', retry: false, blame: 'caller' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', retry: false, blame: 'caller' },
  idempotency_mismatch: { status: 422, type: 'invalid_request_error', retry: false, blame: 'caller' },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', retry: true, blame: 'caller' },
  client_closed_request: { status: 499, type: 'invalid_request_error', retry: false, blame: 'caller' },
  internal_error: { status: 500, type: 'server_error', retry: false, blame: 'gateway' },
  expert_bad_response: { status: 502, type: 'server_error', retry: true, blame: 'expert' },
  no_expert_available: { status: 503, type: 'service_unavailable_error', retry: true, blame: 'expert' },
  queue_full: { status: 503, type: 'service_unavailable_error', retry: true, blame: 'gateway' },
  ledger_unavailable: { status: 503, type: 'service_unavailable_error', retry: true, blame: 'gateway' },
  chain_unavailable: { status: 503, type: 'service_unavailable_error', retry: true, blame: 'chain' },
  shutting_down: { status: 503, type: 'service_unavailable_error', retry: true, blame: 'gateway' },
  expert_timeout: { status: 504, type: 'server_error', retry: true, blame: 'expert' },
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS

/** What a thrower may add to code and message. */
export type GatewayErrorOptions = {
  /** The request field at fault, as a dotted path (`messages.0.content`). */
  readonly param?: string
  /** Sent as `retry-after`, rounded up to whole seconds. */
  readonly retryAfterMs?: number
  /** For the log alone. */
  readonly cause?: unknown
  /** Extra members of the response body beside `error`, such as `topup` of a 402. */
  readonly extra?: Readonly<Record<string, unknown>>
}

/** For a 503 of which nobody knows how long it lasts. */
const RETRY_AFTER_MS_DEFAULT = 5_000

/** The only error that crosses a port. `message` is public; `cause` is for the log alone. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly param: string | null
  readonly retryAfterMs: number | null
  readonly extra: Readonly<Record<string, unknown>> | null

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.param = options.param ?? null
    this.retryAfterMs = options.retryAfterMs ?? null
    this.extra = options.extra ?? null
  }

  get spec(): ErrorSpec {
    return ERRORS[this.code]
  }

  /** What `retry-after` says: whole seconds, from 1, with every 503 and wherever a time is known; else null. */
  get retryAfterSeconds(): number | null {
    const afterMs = this.retryAfterMs ?? (this.spec.status === 503 ? RETRY_AFTER_MS_DEFAULT : null)
    return afterMs === null ? null : Math.max(1, Math.ceil(afterMs / 1000))
  }

  /** Wraps what is not ours as `internal_error`, so that nothing foreign reaches a client. */
  static from(thrown: unknown): GatewayError {
    if (thrown instanceof GatewayError) return thrown
    return new GatewayError('internal_error', 'The gateway failed. The request was not charged.', {
      cause: thrown,
    })
  }
}
