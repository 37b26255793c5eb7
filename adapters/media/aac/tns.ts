/** Temporal noise shaping: a filter along the spectrum. Source: ISO/IEC 14496-3:2009 subclause 4.6.9. */
import type { BitReader } from '../bits.ts'
import type { WindowInfo } from './channel-stream.ts'
import { DamagedFrame } from './huffman.ts'

export type TnsFilter = {
  readonly window: number
  /** Bands counted from the top down. */
  readonly top: number
  readonly length: number
  readonly isDownward: boolean
  /** Reflection coefficients. */
  readonly coefficients: readonly number[]
}

const ORDER_MAX_LONG = 12
const ORDER_MAX_SHORT = 7

/** @throws EndOfBits, DamagedFrame */
export function readTns(reader: BitReader, isShort: boolean): TnsFilter[] {
  const filters: TnsFilter[] = []
  for (let window = 0; window < (isShort ? 8 : 1); window += 1) {
    const count = reader.read(isShort ? 1 : 2)
    const resolution = count > 0 ? reader.read(1) + 3 : 0
    let top = 0
    for (let filter = 0; filter < count; filter += 1) {
      const length = reader.read(isShort ? 4 : 6)
      const order = reader.read(isShort ? 3 : 5)
      if (order > (isShort ? ORDER_MAX_SHORT : ORDER_MAX_LONG))
        throw new DamagedFrame('A TNS filter is too long.')
      if (order > 0) {
        const isDownward = reader.read(1) === 1
        const bits = resolution - reader.read(1)
        const coefficients = Array.from({ length: order }, () =>
          unquantise(reader.readSigned(bits), resolution),
        )
        filters.push({ window, top, length, isDownward, coefficients })
      }
      top += length
    }
  }
  return filters
}

function unquantise(value: number, resolution: number): number {
  const steps = 2 ** (resolution - 1)
  return Math.sin((value * Math.PI) / 2 / (value >= 0 ? steps - 0.5 : steps + 0.5))
}

/** Applies the filters to the spectrum, in place. */
export function applyTns(filters: readonly TnsFilter[], info: WindowInfo, spectrum: Float32Array): void {
  const allBands = info.offsets.length - 1
  const edge = (band: number) =>
    info.offsets[Math.max(0, Math.min(band, info.tnsBandsMax, info.bandCount))] ?? 0
  for (const filter of filters) {
    const weights = predictorOf(filter.coefficients)
    const from = filter.window * 128 + edge(allBands - filter.top - filter.length)
    const to = filter.window * 128 + edge(allBands - filter.top)
    const step = filter.isDownward ? -1 : 1
    let at = filter.isDownward ? to - 1 : from
    for (let done = 0; done < to - from; done += 1, at += step) {
      let value = Number(spectrum[at])
      for (let back = 1; back <= Math.min(done, weights.length); back += 1)
        value -= Number(spectrum[at - back * step]) * Number(weights[back - 1])
      spectrum[at] = value
    }
  }
}

/** Reflection coefficients → the weights of the values before. */
function predictorOf(reflections: readonly number[]): number[] {
  let weights: number[] = []
  for (const reflection of reflections) {
    const before = weights
    weights = before.map((weight, index) => weight + reflection * Number(before[before.length - 1 - index]))
    weights.push(reflection)
  }
  return weights
}
