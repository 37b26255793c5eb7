import { expect, it } from 'vitest'
import { ERRORS, GatewayError } from '../src/errors.ts'

it('insufficient_quota is a 402 that is not retried', () => {
  expect(ERRORS.insufficient_quota).toMatchObject({ status: 402, retry: false, blame: 'caller' })
})

it('what is not ours becomes an internal_error that shows nothing foreign', () => {
  const foreign = new Error('password=hunter2')
  const error = GatewayError.from(foreign)
  expect(error.code).toBe('internal_error')
  expect(error.message).not.toContain('hunter2')
  expect(error.cause).toBe(foreign)
})

it('a GatewayError passes through unchanged', () => {
  const error = new GatewayError('model_not_found', 'No such model.', { param: 'model' })
  expect(GatewayError.from(error)).toBe(error)
})

it('every 503 says when to come back, also where no time is known', () => {
  for (const [code, { status }] of Object.entries(ERRORS) as [keyof typeof ERRORS, { status: number }][]) {
    expect(new GatewayError(code, 'x').retryAfterSeconds).toBe(status === 503 ? 5 : null)
    expect(new GatewayError(code, 'x', { retryAfterMs: 1_001 }).retryAfterSeconds).toBe(2)
    expect(new GatewayError(code, 'x', { retryAfterMs: 0 }).retryAfterSeconds).toBe(1)
  }
})
