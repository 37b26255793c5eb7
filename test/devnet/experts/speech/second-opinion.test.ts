import { describe, expect, test } from 'vitest'
import { type HeardWord, withSecondOpinion } from '../../../../devnet/experts/speech/second-opinion.ts'

const word = (text: string, startSeconds: number, endSeconds: number, confidence: number): HeardWord => ({
  word: text,
  startSeconds,
  endSeconds,
  confidence,
})
const knows = new Set(['the', 'a', 'snow', 'waves', 'from', 'not'])
const chunk = new Float32Array(16_000)

function ask(own: HeardWord[], foreign: HeardWord[]) {
  const calls: number[] = []
  const listener = {
    async listen(samples: Float32Array) {
      calls.push(samples.length)
      return foreign
    },
  }
  return { calls, words: withSecondOpinion(own, { listener, chunk, knows, signal: undefined }) }
}
const textOf = async (words: Promise<readonly HeardWord[]>) => (await words).map(({ word }) => word).join(' ')

describe('a second opinion', () => {
  test('puts a word that we lack in the place of our doubted words', async () => {
    const own = [
      word('the', 0, 0.2, 0.9),
      word('a', 0.2, 0.3, 0.3),
      word('snow', 0.3, 0.8, 0.2),
      word('from', 0.9, 1.2, 0.9),
    ]
    const { words } = ask(own, [
      word('the', 0, 0.2, 1),
      word('astronaut', 0.22, 0.85, 0.99),
      word('from', 0.9, 1.2, 1),
    ])
    expect(await textOf(words)).toBe('the astronaut from')
    expect((await words).find(({ word }) => word === 'astronaut')?.confidence).toBe(0.5)
  })

  test('is not asked for when we doubt nothing', async () => {
    const { calls, words } = ask([word('snow', 0, 0.5, 0.8)], [word('astronaut', 0, 0.5, 1)])
    expect(await textOf(words)).toBe('snow')
    expect(calls).toEqual([])
  })

  test('does not count for a word that we know', async () => {
    const { calls, words } = ask([word('snow', 0, 0.5, 0.2)], [word('not', 0, 0.5, 1)])
    expect(await textOf(words)).toBe('snow')
    expect(calls).toEqual([16_000])
  })

  test('does not count when the other engine is not sure, or hears it where we are sure', async () => {
    expect(await textOf(ask([word('snow', 0, 0.5, 0.2)], [word('astronaut', 0, 0.5, 0.7)]).words)).toBe(
      'snow',
    )
    const own = [word('snow', 0, 0.5, 0.2), word('waves', 0.5, 1, 0.99)]
    expect(await textOf(ask(own, [word('astronaut', 0.3, 1, 1)]).words)).toBe('snow waves')
  })

  test('does not count where we heard nothing at all', async () => {
    const own = [word('snow', 0, 0.3, 0.2)]
    expect(await textOf(ask(own, [word('astronaut', 0.25, 1, 1)]).words)).toBe('snow')
  })

  test('keeps the times in order and apart', async () => {
    const own = [word('the', 0, 0.3, 0.9), word('snow', 0.3, 0.8, 0.2), word('from', 0.8, 1.2, 0.9)]
    const words = await ask(own, [word('astronaut', 0.25, 0.85, 1)]).words
    words.forEach(({ startSeconds, endSeconds }, i) => {
      expect(endSeconds).toBeGreaterThan(startSeconds)
      expect(startSeconds).toBeGreaterThanOrEqual(words[i - 1]?.endSeconds ?? 0)
    })
  })

  test('changes nothing when there is no other engine, or it hears nothing', async () => {
    const own = [word('snow', 0, 0.5, 0.2)]
    expect(await withSecondOpinion(own, { listener: undefined, chunk, knows, signal: undefined })).toEqual(
      own,
    )
    expect(await ask(own, []).words).toEqual(own)
  })
})
