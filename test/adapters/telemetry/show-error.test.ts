import { expect, it } from 'vitest'
import { showError } from '../../../adapters/telemetry/show-error.ts'

const failing = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error
  }
}

it('quotes no piece of what could not be parsed, at any depth', () => {
  const parsing = failing('{"key": sk-secret')
  const wrapped = new Error('The miner’s answer is not valid.', {
    cause: new Error('not JSON', { cause: parsing }),
  })
  expect(String(parsing)).toContain('sk-')
  for (const error of [parsing, wrapped]) expect(JSON.stringify(showError(error))).not.toContain('sk-')
})

it('tells type, message, code, place and causes', () => {
  const cause = Object.assign(new TypeError('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const shown = showError(new Error('failed', { cause }))
  expect(shown).toMatchObject({
    type: 'Error',
    message: 'failed',
    cause: { type: 'TypeError', code: 'ECONNREFUSED' },
  })
  expect(JSON.stringify(shown)).toContain('show-error.test.ts')
})

it('shows no value that is not an error, and ends with chains that do not', () => {
  expect(showError('a secret text')).toBe('string')
  const circle = new Error('circle')
  circle.cause = circle
  expect(JSON.stringify(showError(circle)).length).toBeLessThan(20_000)
})
