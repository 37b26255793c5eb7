import { expect, it } from 'vitest'
import { rateHeaders, writeDuration } from '../../../src/http/rate-headers.ts'

it.each([
  [0, '0s'],
  [1, '1s'],
  [1000, '1s'],
  [59_001, '1m0s'],
  [360_000, '6m0s'],
  [3_661_000, '1h1m1s'],
])('%d ms is written %s', (durationMs, text) => {
  expect(writeDuration(durationMs)).toBe(text)
})

it('names what is known, and nothing else', () => {
  const bucket = { perMinute: 60, remaining: 59, resetMs: 900 }
  expect(rateHeaders({ state: { requests: bucket, tokens: null } })).toEqual({
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '59',
    'x-ratelimit-reset-requests': '1s',
  })
  expect(Object.keys(rateHeaders({ state: { requests: null, tokens: bucket } }))).toEqual([
    'x-ratelimit-limit-tokens',
    'x-ratelimit-remaining-tokens',
    'x-ratelimit-reset-tokens',
  ])
})
