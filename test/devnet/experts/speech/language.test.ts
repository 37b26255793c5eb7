import { describe, expect, test } from 'vitest'
import { buildLanguage, languageFile } from '../../../../devnet/experts/speech/language.ts'

const file = languageFile.parse({
  phones: ['a', 'b'],
  words: ['x', 'y'],
  lexicon: ['a b', 'b'],
  unigram: [-1, -2, -3],
  start: [-0.5, [0, -0.1]],
  bigram: [
    [-0.5, [1, -0.2]],
    [-0.5, []],
  ],
})

describe('language file', () => {
  test('gives the bigram where it knows the pair, and the weighed unigram where it does not', () => {
    const language = buildLanguage(file)
    expect(language.logProbability(0, 1)).toBe(-0.2)
    expect(language.logProbability(1, 0)).toBe(-1.5)
    expect(language.logProbability(2, 0)).toBe(-0.1)
    expect(language.logProbability(1, 2)).toBe(-3.5)
  })

  test('puts words with a common beginning on one branch, with the best word below', () => {
    const { root } = buildLanguage(file)
    expect(root.children.map(({ unit, bestBelow }) => [unit, bestBelow])).toEqual([
      [1, -1],
      [2, -2],
    ])
  })

  test('is refused when its parts do not fit each other', () => {
    expect(() => buildLanguage({ ...file, lexicon: ['a b'] })).toThrow('pronunciation')
    expect(() => buildLanguage({ ...file, lexicon: ['a q', 'b'] })).toThrow('unknown phone "q"')
    expect(() => buildLanguage({ ...file, unigram: [-1] })).toThrow('unigram')
    expect(() => languageFile.parse({ ...file, words: undefined })).toThrow()
  })
})
