import { describe, expect, it } from 'vitest'
import { parsePrompt } from '../../../../devnet/experts/image/prompt/parse-prompt.ts'
import { readQuote } from '../../../../devnet/experts/image/prompt/read-quote.ts'
import { vocabulary } from './composer-files.ts'

const read = (prompt: string) => parsePrompt(prompt, vocabulary)
const things = (prompt: string) =>
  read(prompt).spec.objects.map(({ label, count, colour }) => [label, count, colour] as const)

it('every word of the vocabulary, singular and plural, is read as its noun', () => {
  for (const [word, { label }] of vocabulary.nounOfWord) {
    const { objects } = read(`a ${word} in the city`).spec
    expect(
      objects.map((object) => object.label),
      word,
    ).toEqual([label])
  }
})

it.each([
  [
    'a red fox and two trees',
    [
      ['fox', 1, 'red'],
      ['tree', 2, null],
    ],
  ],
  [
    'an orange, an orange cat',
    [
      ['orange', 1, null],
      ['cat', 1, 'orange'],
    ],
  ],
  ['a black and white cow', [['cow', 1, 'white']]],
  [
    'three ice creams and hot dogs',
    [
      ['icecream', 3, null],
      ['hotdog', 3, null],
    ],
  ],
  ['99 sheep', [['sheep', 12, null]]],
  ['a flock of birds', [['bird', 6, null]]],
])('%s: number and colour go with their noun', (prompt, expected) => {
  expect(things(prompt)).toEqual(expected)
})

it.each([
  ['a fox under a tree', 'under'],
  ['a fox in front of a tree', 'front'],
  ['a fox to the left of a tree', 'left'],
  ['a fox behind the tree', 'behind'],
  ['a fox above a tree', 'above'],
])('%s: the relation is kept', (prompt, relation) => {
  expect(read(prompt).spec.relations).toEqual([{ from: 0, relation, to: 1, order: 0 }])
})

it('two nouns joined by "and" share the relation', () => {
  const { relations } = read('a man and a woman in front of a church').spec
  expect(relations.map(({ from, to }) => [from, to])).toEqual([
    [0, 2],
    [1, 2],
  ])
})

it.each([
  ['a fox at night in the snow', ['meadow', 'night', 'snow']],
  ['a ship at sunset', ['sea', 'sunset', 'clear']],
  ['a rocket in space', ['space', 'day', 'clear']],
  ['an apple and a cake', ['room', 'day', 'clear']],
  ['a foggy forest', ['forest', 'day', 'fog']],
])('%s: place, time and weather are read or guessed', (prompt, expected) => {
  const { place, time, weather } = read(prompt).spec
  expect([place, time, weather]).toEqual(expected)
})

describe('words', () => {
  it('that are not used are told, and so are the colours that belonged to them', () => {
    const { usedWords, unusedWords } = read('a cat and a purple dragonfly near a lighthouse')
    expect(usedWords).toEqual(['a', 'cat'])
    expect(unusedWords).toEqual(['purple', 'dragonfly', 'near', 'lighthouse'])
  })

  it('that are names of object members are words like any other', () => {
    expect(read('constructor __proto__ toString').unusedWords).toEqual(['constructor', 'proto', 'tostring'])
  })

  it('beyond 40 things draw nothing and are told', () => {
    const { spec, unusedWords } = read('12 cats, 12 dogs, 12 birds, 12 foxes, 12 wolves')
    expect(spec.objects.reduce((sum, object) => sum + object.count, 0)).toBe(40)
    expect(unusedWords).toContain('wolves')
  })
})

describe('quotes', () => {
  it.each([
    ['a sign saying "OPEN 24h"', 'OPEN 24h'],
    ["a cat with a banner 'hello you'", 'hello you'],
    ['a board “Willkommen”', 'Willkommen'],
    ["the dog's house and the cat's tree", null],
    ['an empty "" sign', null],
    ['a sign "!!!"', null],
  ])('%s: are the words of the sign', (prompt, text) => {
    expect(readQuote(prompt).text).toBe(text)
  })

  it('are not read as things', () => {
    expect(things(readQuote('a dog and a sign saying "cat"').rest)).toEqual([['dog', 1, null]])
  })
})
