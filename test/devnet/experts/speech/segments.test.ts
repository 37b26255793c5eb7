import { describe, expect, test } from 'vitest'
import { groupSegments, meanConfidence } from '../../../../devnet/experts/speech/segments.ts'

const word = (text: string, startSeconds: number, endSeconds: number, confidence = 1) => ({
  word: text,
  startSeconds,
  endSeconds,
  confidence,
})

describe('segments', () => {
  test('end at a pause', () => {
    const segments = groupSegments([word('a', 0, 0.5), word('fox', 0.6, 1), word('runs', 2, 2.5, 0.5)])
    expect(segments).toEqual([
      { text: 'a fox', startSeconds: 0, endSeconds: 1, confidence: 1 },
      { text: 'runs', startSeconds: 2, endSeconds: 2.5, confidence: 0.5 },
    ])
  })

  test('are no longer than 20 s even when nobody breathes', () => {
    const words = Array.from({ length: 50 }, (_, i) => word('and', i, i + 1))
    const segments = groupSegments(words)
    expect(segments.every(({ startSeconds, endSeconds }) => endSeconds - startSeconds <= 20)).toBe(true)
    expect(
      segments
        .map(({ text }) => text)
        .join(' ')
        .split(' '),
    ).toHaveLength(50)
  })

  test('are none for no words', () => {
    expect(groupSegments([])).toEqual([])
  })
})

test('confidence is the mean by duration, and 0 for no words', () => {
  expect(meanConfidence([word('a', 0, 1, 1), word('b', 1, 4, 0)])).toBeCloseTo(0.25)
  expect(meanConfidence([])).toBe(0)
})
