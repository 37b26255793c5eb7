import { describe, expect, it } from 'vitest'
import { Goodwill } from '../../../src/billing/goodwill.ts'

const DAY_MS = 86_400_000

function open() {
  const clock = { wallMs: 20_000 * DAY_MS, monotonicMs: 0 }
  const goodwill = new Goodwill({
    timing: { wallMs: () => clock.wallMs, monotonicMs: () => clock.monotonicMs },
    interruptedTokensPerDay: 1000,
    abortsPerMinute: 6,
  })
  const forgive = (hotkey: string, tokens: number, accountId = 'acc_a') =>
    goodwill.forgive({ accountId, hotkey, tokens })
  return { clock, goodwill, forgive }
}

describe('answers that miners break off', () => {
  it('are free up to a tenth of the account’s tokens with one miner, so that the two cannot go on for ever', () => {
    const { forgive } = open()
    expect([forgive('5Bad', 60), forgive('5Bad', 40), forgive('5Bad', 1)]).toEqual([true, true, false])
    expect(forgive('5Other', 100)).toBe(true)
    expect(forgive('5Bad', 100, 'acc_b')).toBe(true)
  })

  it('are free up to the account’s tokens over all miners', () => {
    const { forgive } = open()
    for (let i = 0; i < 10; i += 1) expect(forgive(`5Miner${i}`, 100)).toBe(true)
    expect(forgive('5Fresh', 1)).toBe(false)
    expect(forgive('5Fresh', 1, 'acc_b')).toBe(true)
  })

  it('are free again on the next day of UTC', () => {
    const { forgive, clock } = open()
    forgive('5Bad', 100)
    clock.wallMs += DAY_MS - 1
    expect(forgive('5Bad', 1)).toBe(false)
    clock.wallMs += 1
    expect(forgive('5Bad', 100)).toBe(true)
  })
})

describe('requests that are left before anything is delivered', () => {
  it('are refused after ten minutes’ worth, with the time until the next one', () => {
    const { goodwill, clock } = open()
    for (let i = 0; i < 60; i += 1) {
      goodwill.admit('acc_a')
      goodwill.noteLeft('acc_a')
    }
    expect(() => goodwill.admit('acc_a')).toThrow(
      expect.objectContaining({ code: 'rate_limit_exceeded', retryAfterMs: 10_000 }),
    )
    goodwill.admit('acc_b')
    clock.monotonicMs += 10_000
    goodwill.admit('acc_a')
  })

  it('are forgotten with time', () => {
    const { goodwill, clock } = open()
    for (let i = 0; i < 60; i += 1) goodwill.noteLeft('acc_a')
    clock.monotonicMs += 600_000
    for (let i = 0; i < 60; i += 1) {
      goodwill.admit('acc_a')
      goodwill.noteLeft('acc_a')
    }
  })
})
