import { describe, expect, it } from 'vitest'
import { describeKey } from '../../../src/cli/key-commands.ts'
import { type KeyFlags, readDuration, readKeyFlags } from '../../../src/cli/key-options.ts'

const NOW_MS = Date.UTC(2026, 10, 25)
const read = (flags: KeyFlags) => readKeyFlags(flags, null, NOW_MS)

describe('the flags of a key', () => {
  it('that are not given change nothing', () => {
    expect(read({})).toEqual({})
  })

  it('become what the admin API takes', () => {
    expect(
      read({
        ...{ name: 'ci', expires: '30d', capability: ['chat'], model: ['a', 'b'], ip: ['192.0.2.0/24'] },
        ...{ requestsPerMinute: '60', tokensPerMinute: '1000', raoPerMinute: '9007199254740993' },
        ...{ budget: '12.5', budgetPeriod: 'month' },
      }),
    ).toEqual({
      name: 'ci',
      expires_at: '2026-12-25T00:00:00.000Z',
      capabilities: ['chat'],
      models: ['a', 'b'],
      networks: ['192.0.2.0/24'],
      requests_per_minute: 60,
      tokens_per_minute: 1000,
      rao_per_minute: '9007199254740993',
      budget: { amount_rao: '12500000000', period: 'month' },
    })
  })

  it('take limits away by the word none', () => {
    expect(
      read({
        ...{ name: 'none', expires: 'never', capability: ['none'], model: ['none'], ip: ['none'] },
        ...{ requestsPerMinute: 'none', tokensPerMinute: 'none', raoPerMinute: 'none', budget: 'none' },
      }),
    ).toEqual({
      name: null,
      expires_at: null,
      capabilities: null,
      models: null,
      networks: null,
      requests_per_minute: null,
      tokens_per_minute: null,
      rao_per_minute: null,
      budget: null,
    })
  })

  it('a part of a budget leaves the other part as it is', () => {
    const current = { amount_rao: '5', period: 'day' }
    expect(readKeyFlags({ budget: '1' }, current, NOW_MS)).toEqual({
      budget: { amount_rao: '1000000000', period: 'day' },
    })
    expect(readKeyFlags({ budgetPeriod: 'month' }, current, NOW_MS)).toEqual({
      budget: { amount_rao: '5', period: 'month' },
    })
    expect(read({ budget: '1' })).toEqual({ budget: { amount_rao: '1000000000', period: 'total' } })
  })

  it.each([
    [{ expires: 'soon' }, '--expires'],
    [{ expires: '1w' }, '--expires'],
    [{ requestsPerMinute: '0' }, '--requests-per-minute'],
    [{ tokensPerMinute: '1e9' }, '--tokens-per-minute'],
    [{ budget: '1.2345678901' }, '--budget'],
    [{ budget: '0' }, '--budget'],
    [{ budgetPeriod: 'day' }, '--budget'],
    [{ budget: '1', budgetPeriod: 'week' }, '--budget-period'],
  ])('%j is refused, naming the flag', (flags, name) => {
    expect(() => read(flags)).toThrow(name)
  })

  it.each([
    ['90s', 90],
    ['15m', 900],
    ['24h', 86_400],
    ['7d', 604_800],
    ['0s', 0],
  ])('%s is %d seconds', (text, seconds) => {
    expect(readDuration(text, '--overlap')).toBe(seconds)
  })
})

it('a key is one line, with what limits it', () => {
  const key = {
    id: 'key_1',
    prefix: 'sk-yuma-abcd',
    status: 'active',
    account: 'acc_1',
    name: null,
    models: ['a'],
  }
  const budget = { amount_rao: '5000000000', period: 'day', spent_rao: '1500000000' }
  expect(describeKey({ ...key, budget })).toBe(
    'key_1  sk-yuma-abcd…  active  of acc_1  models a  budget 1.5 of 5 TAO (day)',
  )
})
