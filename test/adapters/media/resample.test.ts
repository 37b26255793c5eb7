import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Resampler } from '../../../adapters/media/resample.ts'
import { levelAt, sine } from './files.ts'

const RATES = [
  8_000, 11_025, 12_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000, 384_000, 11_127, 44_056,
]

function resample(input: Float32Array, from: number, cuts: readonly number[] = []): Float32Array {
  const resampler = new Resampler(from, 16_000)
  const edges = [0, ...cuts.map((cut) => cut % (input.length + 1)).sort((a, b) => a - b), input.length]
  const parts = edges.slice(1).map((edge, index) => resampler.push(input.subarray(edges[index], edge)))
  return Float32Array.from([...parts, resampler.end()].flatMap((part) => [...part]))
}

describe('every rate', () => {
  for (const rate of RATES) {
    it(`${rate} Hz: a tone of 1 kHz keeps its level, and the length is that of the input`, () => {
      const output = resample(sine({ hertz: 1000, rate, seconds: 0.5 }), rate)
      expect(Math.abs(output.length - 8000)).toBeLessThanOrEqual(1)
      expect(levelAt(output.subarray(800, -800), 1000)).toBeCloseTo(0.25, 3)
    })
  }

  for (const rate of RATES.filter((one) => one > 22_050)) {
    it(`${rate} Hz: a tone above 8 kHz leaves nothing behind, not even its mirror`, () => {
      const hertz = Math.min(12_000, rate / 2 - 500)
      const output = resample(sine({ hertz, rate, seconds: 0.5, level: 1 }), rate).subarray(800, -800)
      const peak = output.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
      expect(peak).toBeLessThan(0.001) // -60 dB
    })
  }

  it('a constant stays the same constant', () => {
    for (const rate of RATES) {
      const output = resample(new Float32Array(rate / 2).fill(0.5), rate).subarray(400, -400)
      for (const sample of output) expect(Math.abs(sample - 0.5)).toBeLessThan(1e-4)
    }
  })
})

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 1_000_000)

it(`the output does not depend on how the input is cut (seed ${seed})`, () => {
  console.info(`property seed ${seed}`)
  const rate = fc.constantFrom(8_000, 22_050, 44_100, 48_000, 11_127)
  fc.assert(
    fc.property(
      rate,
      fc.integer({ min: 0, max: 3000 }),
      fc.array(fc.nat(3000), { maxLength: 6 }),
      (from, length, cuts) => {
        const input = Float32Array.from({ length }, (_, at) => Math.sin(at * at))
        expect(resample(input, from, cuts)).toEqual(resample(input, from))
      },
    ),
    { seed, numRuns: 100 },
  )
})

it('no input gives no output', () => {
  expect(resample(new Float32Array(), 44_100)).toHaveLength(0)
})
