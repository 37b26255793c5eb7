import { describe, expect, it } from 'vitest'
import { type Evidence, judge } from '../../../../src/cli/demo/judge.ts'

const things = new Map([
  ['fox', 'fox'],
  ['tree', 'tree'],
  ['moon', 'moon'],
])

function evidence(change: Partial<Evidence> = {}): Evidence {
  return {
    run: { status: 'succeeded', cost: { held_rao: '50', captured_rao: '30', released_rao: '20' } },
    steps: [
      { id: 'listen', output: { text: 'paint a fox under a tree' } },
      { id: 'write', output: { text: 'a fox under a tree' } },
      { id: 'paint', output: { items: [] } },
      { id: 'look', output: { text: '', labels: [{ name: 'fox' }, { name: 'tree' }] } },
    ],
    receipts: [{ captured_rao: '10' }, { captured_rao: '20' }],
    before: { availableRao: 100n, heldRao: 0n, spentRao: 5n },
    after: { availableRao: 70n, heldRao: 0n, spentRao: 35n },
    expected: 'paint a fox under a tree',
    ...change,
  }
}

const failing = (change: Partial<Evidence>) =>
  judge(evidence(change), things)
    .checks.filter(({ passed }) => !passed)
    .map(({ name }) => name)

describe('judge', () => {
  it('passes a run whose every part is as it should be', () => {
    expect(failing({})).toEqual([])
  })

  it.each<[string, Partial<Evidence>, string]>([
    [
      'the run failed',
      { run: { status: 'failed', cost: { held_rao: '50', captured_rao: '30', released_rao: '20' } } },
      'the run succeeded',
    ],
    [
      'too many words are wrong',
      { expected: 'draw one fox below the tree' },
      'at most 20 % of the words are wrong',
    ],
    [
      'another thing was said',
      { expected: 'paint a fox under a moon' },
      'the things heard are those that were said',
    ],
    ['a receipt is missing', { receipts: [{ captured_rao: '10' }] }, 'the books balance'],
    ['a hold is left', { after: { availableRao: 70n, heldRao: 1n, spentRao: 35n } }, 'the books balance'],
    [
      'more left the balance than was charged',
      { after: { availableRao: 69n, heldRao: 0n, spentRao: 35n } },
      'the books balance',
    ],
  ])('fails when %s', (_name, change, check) => {
    expect(failing(change)).toContain(check)
  })

  it('fails when half of what was asked for is not recognised', () => {
    const steps = [...evidence().steps.slice(0, 3), { id: 'look', output: { labels: [{ name: 'fox' }] } }]
    expect(failing({ steps })).toEqual([
      'most of what the prompt asked to paint is recognised on the picture',
    ])
  })

  it('without an expected text judges no word errors', () => {
    expect(judge(evidence({ expected: null }), things).errorRate).toBeNull()
    expect(failing({ expected: null })).toEqual([])
  })
})
