import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutBytes, readRecognition } from '../../../../src/pipeline/steps/recognition.ts'

const read = (value: unknown) =>
  readRecognition(typeof value === 'string' ? value : JSON.stringify(value), 10_000)

describe('readRecognition', () => {
  it('takes what the question asks for', () => {
    expect(
      read({
        text: 'STOP',
        description: 'A fox under a sign.',
        labels: [
          { name: 'sign', score: 0.5 },
          { name: 'fox', score: 0.91, count: 1, box: [0.1, 0.2, 0.3, 0.4] },
        ],
        place: 'meadow',
        colours: ['green'],
      }),
    ).toEqual({
      text: 'STOP',
      description: 'A fox under a sign.',
      labels: [
        { name: 'fox', score: 0.91, count: 1, box: [0.1, 0.2, 0.3, 0.4] },
        { name: 'sign', score: 0.5 },
      ],
      place: 'meadow',
      colours: ['green'],
    })
  })

  it('takes other words for the same things', () => {
    expect(
      read({
        labels: [
          { label: 'fox', confidence: 7, boxes: [{ x: 0, y: 0.5, width: 1, height: 0.25 }] },
          'tree',
          5,
          {},
          { name: '' },
        ],
      }).labels,
    ).toEqual([
      { name: 'fox', score: 1, box: [0, 0.5, 1, 0.25] },
      { name: 'tree', score: null },
    ])
  })

  it('takes JSON in a code fence', () => {
    expect(read('```json\n{"text":"A","labels":[]}\n```').text).toBe('A')
  })

  it('takes an answer in words for a description, and makes up nothing', () => {
    expect(read('I see a fox.')).toEqual({ text: '', description: 'I see a fox.', labels: [] })
    expect(read('[1]')).toEqual({ text: '', description: '[1]', labels: [] })
  })

  it('whatever a model writes becomes a recognition that keeps to its bound', () => {
    const seed = Date.now() % 2 ** 31
    const loose = fc.record(
      {
        text: fc.oneof(fc.string({ maxLength: 400 }), fc.jsonValue()),
        description: fc.oneof(fc.string({ maxLength: 400 }), fc.jsonValue()),
        labels: fc.oneof(fc.array(fc.record({ name: fc.string(), score: fc.double() })), fc.jsonValue()),
        place: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const property = fc.property(
      fc.oneof(
        loose.map((value) => JSON.stringify(value)),
        fc.string(),
      ),
      (answer) => {
        const { text, description, labels } = readRecognition(answer, 300)
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(300)
        expect(Buffer.byteLength(description)).toBeLessThanOrEqual(300)
        for (const { name, score } of labels) {
          expect(name).not.toBe('')
          expect(score === null || (score >= 0 && score <= 1)).toBe(true)
        }
      },
    )
    try {
      fc.assert(property, { seed, numRuns: 500 })
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
  })
})

describe('cutBytes', () => {
  it('cuts between characters, at the bound or just before it', () => {
    const seed = Date.now() % 2 ** 31
    const property = fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, bytesMax) => {
      const cut = cutBytes(text, bytesMax)
      expect(text.startsWith(cut)).toBe(true)
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax)
      if (cut !== text) expect(Buffer.byteLength(cut)).toBeGreaterThan(bytesMax - 4)
    })
    try {
      fc.assert(property, { seed, numRuns: 500 })
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause })
    }
  })
})
