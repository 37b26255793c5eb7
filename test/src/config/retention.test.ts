import { expect, it } from 'vitest'
import { readConfig } from '../../../src/config.ts'

const DAY_MS = 86_400_000

it('runs and made files are kept for thirty days, what callers sent for ever', () => {
  expect(readConfig({}).keep).toEqual({ runsMs: 30 * DAY_MS, filesMs: 30 * DAY_MS, uploadsMs: null })
})

it('0 days is for ever', () => {
  const keep = { YUMAGATE_KEEP_RUNS_D: '0', YUMAGATE_KEEP_FILES_D: '0', YUMAGATE_KEEP_UPLOADS_D: '7' }
  expect(readConfig(keep).keep).toEqual({ runsMs: null, filesMs: null, uploadsMs: 7 * DAY_MS })
})

it.each(['-1', '0.5', '36501', 'a month'])('%j days are refused', (days) => {
  expect(() => readConfig({ YUMAGATE_KEEP_RUNS_D: days })).toThrow(/YUMAGATE_KEEP_RUNS_D/)
})

it.each(['RECEIPTS', 'USAGE', 'HOLDS', 'LEDGER', 'DEPOSITS', 'AUDIT'])(
  'no setting removes money or evidence: YUMAGATE_KEEP_%s_D is refused with the reason',
  (what) => {
    expect(() => readConfig({ [`YUMAGATE_KEEP_${what}_D`]: '30' })).toThrow(/kept for ever/)
  },
)
