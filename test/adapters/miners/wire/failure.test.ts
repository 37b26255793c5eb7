import { expect, it } from 'vitest'
import { minerError, parseRetryAfter, reasonOfStatus } from '../../../../adapters/miners/wire/failure.ts'

const NOW = Date.parse('Tue, 25 Nov 2026 10:00:00 GMT')

it.each([
  ['7', 7_000],
  [' 7 ', 7_000],
  ['0', 0],
  ['1.5', 1_500],
  ['Tue, 25 Nov 2026 10:01:00 GMT', 60_000],
  ['Tue, 25 Nov 2026 09:00:00 GMT', 0],
  ['999999999', 3_600_000],
  ['soon', undefined],
  ['-5', undefined],
  ['', undefined],
  [['1', '2'], undefined],
  [undefined, undefined],
])('reads retry-after %j as %j ms', (text, waitMs) => {
  expect(parseRetryAfter(text, NOW)).toBe(waitMs)
})

it.each([
  [301, 'garbage'],
  [400, 'refused'],
  [401, 'unauthorized'],
  [402, 'forbidden'],
  [403, 'forbidden'],
  [404, 'not-found'],
  [405, 'garbage'],
  [408, 'slow'],
  [413, 'refused'],
  [422, 'refused'],
  [429, 'busy'],
  [500, 'server-error'],
  [502, 'server-error'],
  [503, 'busy'],
  [504, 'slow'],
  [529, 'server-error'],
])('a miner’s %d is %s', (status, reason) => {
  expect(reasonOfStatus(status)).toBe(reason)
})

it('keeps the detail for the log alone', () => {
  const error = minerError('server-error', 'HTTP 500: password=hunter2', { status: 500 })
  expect(error.message).not.toContain('hunter2')
  expect(error.cause).toMatchObject({
    reason: 'server-error',
    status: 500,
    message: 'HTTP 500: password=hunter2',
  })
})
