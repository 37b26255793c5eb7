import { describe, expect, test } from 'vitest'
import { cutAtPauses } from '../../../../devnet/experts/speech/pauses.ts'
import { make, seededRandom, silence, whiteNoise } from './sounds.ts'

const RATE = 16_000

describe('cutting at pauses', () => {
  test('gives no chunk for silence or for nothing', () => {
    expect(cutAtPauses(silence())).toEqual([])
    expect(cutAtPauses(new Float32Array(0))).toEqual([])
    expect(cutAtPauses(whiteNoise(2, 0.0001))).toEqual([])
  })

  test('cuts where it is quiet for a second, and leaves a margin', () => {
    const sound = make(7, (t) => ((t > 1 && t < 2.5) || (t > 4 && t < 6) ? 0.3 * Math.sin(2000 * t) : 0))
    const chunks = cutAtPauses(sound).map(({ start, end }) => [start / RATE, end / RATE])
    expect(chunks).toHaveLength(2)
    for (const [chunk, start, end] of [
      [chunks[0], 1, 2.5],
      [chunks[1], 4, 6],
    ] as const) {
      expect(chunk![0]).toBeLessThan(start)
      expect(chunk![0]).toBeGreaterThan(start - 0.4)
      expect(chunk![1]).toBeGreaterThan(end)
      expect(chunk![1]).toBeLessThan(end + 0.4)
    }
  })

  test('does not cut at the short pauses within a sentence', () => {
    const sound = make(3, (t) => (t % 1 < 0.6 ? 0.3 * Math.sin(2000 * t) : 0))
    expect(cutAtPauses(sound)).toHaveLength(1)
  })

  test('hears speech over a steady noise, and the soft speech of a later block', () => {
    const noise = whiteNoise(80, 0.005)
    const sound = noise.map((v, i) => {
      const t = i / RATE
      if (t > 10 && t < 12) return v + 0.3 * Math.sin(2000 * t)
      if (t > 65 && t < 67) return v + 0.05 * Math.sin(2000 * t)
      return v
    })
    const chunks = cutAtPauses(sound)
    const covered = (t: number) => chunks.some(({ start, end }) => start <= t * RATE && end > t * RATE)
    expect([10.5, 11.5, 65.5, 66.5].map(covered)).toEqual([true, true, true, true])
  })

  const seed = Math.floor(Math.random() * 1e9)
  test(`gives chunks of at most 20 s, in order and not overlapping, whatever it hears (seed ${seed})`, () => {
    const random = seededRandom(seed)
    for (let round = 0; round < 10; round++) {
      const parts = Array.from({ length: 40 }, () => ({
        level: random() < 0.4 ? 0 : random() ** 3,
        seconds: 3 * random(),
      }))
      const sound = Float32Array.from(
        parts.flatMap(({ level, seconds }) =>
          Array.from({ length: seconds * RATE }, () => level * (random() - 0.5)),
        ),
      )
      let last = 0
      for (const { start, end } of cutAtPauses(sound)) {
        expect(start).toBeGreaterThanOrEqual(last)
        expect(end).toBeGreaterThan(start)
        expect(end - start).toBeLessThanOrEqual(20 * RATE)
        last = end
      }
      expect(last).toBeLessThanOrEqual(sound.length)
    }
  })

  test('cuts endless sound into short chunks without losing any', () => {
    const chunks = cutAtPauses(whiteNoise(95))
    expect(chunks[0]?.start).toBe(0)
    chunks.forEach(({ start }, i) => {
      expect(start).toBe(i ? chunks[i - 1]!.end : 0)
    })
    expect(chunks.at(-1)?.end).toBe(95 * RATE)
  })
})
