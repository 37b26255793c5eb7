import { describe, expect, test } from 'vitest'
import { BeamSearch, DEFAULT_BEAM, type PhoneScores } from '../../../../devnet/experts/speech/beam.ts'
import { buildLanguage, type Language } from '../../../../devnet/experts/speech/language.ts'
import { seededRandom } from './sounds.ts'

const PHONES = ['p', 't', 'k', 'a', 'o']

/** Every word may follow every other alike; no two words sound alike. */
function randomLanguage(random: () => number): Language {
  const lexicon = new Set<string>()
  while (lexicon.size < 8) {
    const length = 1 + Math.floor(random() * 3)
    lexicon.add(Array.from({ length }, () => PHONES[Math.floor(random() * PHONES.length)]).join(' '))
  }
  const words = [...lexicon].map((phones) => phones.replaceAll(' ', ''))
  const even = Math.log(1 / (words.length + 1))
  return buildLanguage({
    phones: PHONES,
    words,
    lexicon: [...lexicon],
    unigram: [...words, ''].map(() => even),
    start: [0, []],
    bigram: words.map(() => [0, []]),
  })
}

/** Each unit for one to three steps; a blank where two are the same, and by chance. */
function scoresOf(units: number[], width: number, random: () => number): PhoneScores {
  const path: number[] = []
  units.forEach((unit, i) => {
    if (unit === units[i - 1] || random() < 0.3) path.push(0)
    for (let k = 0; k < 1 + Math.floor(random() * 3); k++) path.push(unit)
  })
  path.push(0)
  const data = path.flatMap((unit) => {
    const weights = Array.from({ length: width }, (_, u) => (u === unit ? 50 : random()))
    const sum = weights.reduce((a, b) => a + b, 0)
    return weights.map((weight) => Math.log(weight / sum))
  })
  return { data: Float32Array.from(data), steps: path.length, units: width }
}

function search(language: Language, scores: PhoneScores, stepsAtOnce = scores.steps): number[] {
  const beam = new BeamSearch(language, scores, DEFAULT_BEAM)
  for (let step = 0; step < scores.steps; step += stepsAtOnce) beam.advance(step, step + stepsAtOnce)
  return beam.finish()
}

describe('beam search', () => {
  const seed = Math.floor(Math.random() * 1e9)

  test(`hears clearly spoken words of any language, in any number of pieces (seed ${seed})`, () => {
    const random = seededRandom(seed)
    for (let round = 0; round < 200; round++) {
      const language = randomLanguage(random)
      const said = Array.from({ length: Math.floor(random() * 6) }, () =>
        Math.floor(random() * language.words.length),
      )
      const phonesOf = (words: number[]) => words.flatMap((word) => language.pronunciations[word]!)
      const scores = scoresOf(phonesOf(said), language.units, random)
      const heard = search(language, scores)
      // The same phones may be cut into other words, which is as right.
      expect(phonesOf(heard), `round ${round}`).toEqual(phonesOf(said))
      expect(search(language, scores, 1 + Math.floor(random() * 5))).toEqual(heard)
    }
  })

  test(`gives words of the vocabulary for any scores (seed ${seed})`, () => {
    const random = seededRandom(seed + 1)
    for (let round = 0; round < 100; round++) {
      const language = randomLanguage(random)
      const steps = Math.floor(random() * 20)
      const data = Float32Array.from({ length: steps * language.units }, () => -10 * random())
      for (const word of search(language, { data, steps, units: language.units }))
        expect(language.words[word]).toBeTypeOf('string')
    }
  })

  test('hears nothing in nothing', () => {
    const language = randomLanguage(seededRandom(1))
    expect(search(language, { data: new Float32Array(0), steps: 0, units: language.units })).toEqual([])
    expect(search(language, scoresOf([], language.units, seededRandom(1)))).toEqual([])
  })

  test('prefers the word that usually follows when two sound alike', () => {
    const likely = Math.log(0.9)
    const language = buildLanguage({
      phones: PHONES,
      words: ['two', 'to', 'a'],
      lexicon: ['t o', 't o', 'a'],
      unigram: [-2, -2, -2, -2],
      start: [-1, []],
      bigram: [
        [-1, []],
        [-1, []],
        [-1, [1, likely]],
      ],
    })
    const heard = search(language, scoresOf([4, 2, 5], language.units, seededRandom(2)))
    expect(heard.map((word) => language.words[word])).toEqual(['a', 'to'])
  })
})
