import { expect, it } from 'vitest'
import {
  EIGHT_SHORT,
  LONG_START,
  LONG_STOP,
  type WindowInfo,
} from '../../../../adapters/media/aac/channel-stream.ts'
import { FilterBank } from '../../../../adapters/media/aac/filter-bank.ts'

const info = (sequence: number, shape = 0): WindowInfo => ({
  sequence,
  shape,
  bandCount: 0,
  groups: [1],
  offsets: [],
  tnsBandsMax: 0,
})

/** The inverse MDCT as the standard writes it (ISO/IEC 14496-3 subclause 4.6.11.3.1), full scale 1. */
function direct(spectrum: Float32Array): number[] {
  const size = spectrum.length
  return Array.from({ length: 2 * size }, (_, n) => {
    let sum = 0
    for (const [k, value] of spectrum.entries())
      sum += value * Math.cos((Math.PI / size) * (n + 0.5 + size / 2) * (k + 0.5))
    return sum / size / 32_768
  })
}

function randomSpectrum(seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length: 1024 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return state / 2 ** 18
  })
}

it('a long block is the inverse MDCT of the standard under a sine window', () => {
  const spectrum = randomSpectrum(1)
  const bank = new FilterBank()
  const first = bank.next(spectrum, info(0))
  const second = bank.next(new Float32Array(1024), info(0))
  const expected = direct(spectrum).map((value, at) => value * Math.sin(((at + 0.5) * Math.PI) / 2048))
  for (let at = 0; at < 1024; at += 1) {
    expect(Math.abs(Number(first[at]) - Number(expected[at]))).toBeLessThan(1e-6)
    expect(Math.abs(Number(second[at]) - Number(expected[1024 + at]))).toBeLessThan(1e-6)
  }
})

it('eight short blocks lie 128 samples apart in the middle of the frame', () => {
  const spectrum = new Float32Array(1024)
  spectrum.set(randomSpectrum(2).subarray(0, 128), 3 * 128)
  const bank = new FilterBank()
  const frame = [
    ...bank.next(spectrum, info(EIGHT_SHORT)),
    ...bank.next(new Float32Array(1024), info(LONG_STOP)),
  ]
  const expected = direct(spectrum.subarray(3 * 128, 4 * 128))
  for (let at = 0; at < 2048; at += 1) {
    const inside = at - (448 + 3 * 128)
    const wanted =
      inside >= 0 && inside < 256 ? Number(expected[inside]) * Math.sin(((inside + 0.5) * Math.PI) / 256) : 0
    expect(Math.abs(Number(frame[at]) - wanted)).toBeLessThan(1e-6)
  }
})

it('every sequence of windows, of either shape, adds up to the signal it was made of', () => {
  const sequences = [
    0,
    LONG_START,
    EIGHT_SHORT,
    EIGHT_SHORT,
    LONG_STOP,
    0,
    LONG_START,
    EIGHT_SHORT,
    LONG_STOP,
    0,
  ]
  for (const shape of [0, 1]) {
    const signal = Float64Array.from(
      { length: 1024 * 12 },
      (_, at) => Math.sin(at * 0.37) + Math.sin(at * 0.011),
    )
    const bank = new FilterBank()
    for (const [frame, sequence] of sequences.entries()) {
      const spectrum = analyse(signal.subarray(frame * 1024, frame * 1024 + 2048), sequence, shape)
      const output = bank.next(spectrum, info(sequence, shape))
      if (frame === 0) continue
      for (let at = 0; at < 1024; at += 1)
        expect(Math.abs(Number(output[at]) * 32_768 - Number(signal[frame * 1024 + at]))).toBeLessThan(1e-3)
    }
  }
})

/** The forward transform: windows and MDCT, scaled so that the inverse gives the signal back. */
function analyse(block: Float64Array, sequence: number, shape: number): Float32Array {
  const spectrum = new Float32Array(1024)
  if (sequence === EIGHT_SHORT) {
    for (let window = 0; window < 8; window += 1) {
      const start = 448 + window * 128
      spectrum.set(
        mdct(block.subarray(start, start + 256), (at) => slope(at < 128 ? at : 255 - at, 128, shape)),
        window * 128,
      )
    }
    return spectrum
  }
  const rise = (at: number) => {
    if (sequence !== LONG_STOP) return slope(at, 1024, shape)
    return at < 448 ? 0 : at < 576 ? slope(at - 448, 128, shape) : 1
  }
  const fall = (at: number) => {
    if (sequence !== LONG_START) return slope(at, 1024, shape)
    return at < 448 ? 0 : at < 576 ? slope(at - 448, 128, shape) : 1
  }
  return mdct(block, (at) => (at < 1024 ? rise(at) : fall(2047 - at)))
}

function mdct(block: Float64Array, window: (at: number) => number): Float32Array {
  const size = block.length / 2
  const windowed = Array.from(block, (value, at) => value * window(at))
  return Float32Array.from({ length: size }, (_, k) => {
    let sum = 0
    for (const [n, value] of windowed.entries())
      sum += value * Math.cos((Math.PI / size) * (n + 0.5 + size / 2) * (k + 0.5))
    return 2 * sum
  })
}

const kernels = new Map<number, number[]>()

/** Rising half of a window: sine, or Kaiser-Bessel-derived with alpha 4 (long) and 6 (short). */
function slope(at: number, length: number, shape: number): number {
  if (shape === 0) return Math.sin(((at + 0.5) * Math.PI) / (2 * length))
  let sums = kernels.get(length)
  if (!sums) {
    const alpha = length === 1024 ? 4 : 6
    let sum = 0
    sums = Array.from({ length: length + 1 }, (_, n) => {
      sum += bessel(Math.PI * alpha * Math.sqrt(1 - ((2 * n) / length - 1) ** 2))
      return sum
    })
    kernels.set(length, sums)
  }
  return Math.sqrt(Number(sums[at]) / Number(sums[length]))
}

function bessel(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; k < 60; k += 1) {
    term *= (x / 2 / k) ** 2
    sum += term
  }
  return sum
}
