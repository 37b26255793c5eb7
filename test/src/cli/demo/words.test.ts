import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listThings, parseThings, stemOf, wordErrorRate } from '../../../../src/cli/demo/words.ts'

const things = parseThings(readFileSync('devnet/experts/image/vocabulary.tsv', 'utf8'))

describe('wordErrorRate', () => {
  it.each([
    ['a red fox', 'a red fox', 0],
    ['A red fox.', 'a RED fox', 0],
    ['a red fox', 'the red fox', 1 / 3],
    ['a red fox', 'red fox', 1 / 3],
    ['a red fox', 'a very red fox', 1 / 3],
    ['a b', 'c d e f', 2],
    ['', '', 0],
    ['', 'x', 1],
  ])('%j heard as %j is %d', (expected, heard, rate) => {
    expect(wordErrorRate(expected, heard)).toBeCloseTo(rate)
  })

  it('is 0 for the same words and never more than the longer text over the expected one', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(words, words, (expected, heard) => {
        expect(wordErrorRate(expected.join(' '), expected.join(' '))).toBe(0)
        expect(wordErrorRate(expected.join(' '), heard.join(' '))).toBeLessThanOrEqual(
          Math.max(expected.length, heard.length) / expected.length,
        )
      }),
    )
  })
})

it.each([
  ['birds', 'bird'],
  ['foxes', 'fox'],
  ['berries', 'berry'],
  ['wolves', 'wolf'],
  ['bus', 'bus'],
  ['grass', 'grass'],
])('the stem of %s is %s', (word, stem) => {
  expect(stemOf(word)).toBe(stem)
})

it('lists the things that a text speaks of, by any of their words, each once', () => {
  expect(listThings('Two yellow birds and a kitten; the bird sings.', things)).toEqual(['bird', 'cat'])
  expect(listThings('What is 12 times 7?', things)).toEqual([])
})
