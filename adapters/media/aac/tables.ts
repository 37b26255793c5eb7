/** Fixed numbers of AAC. Source: ISO/IEC 14496-3:2009, tables 1.18, 4.110 to 4.128 and 4.139. */

/** Hertz by the 4-bit index of the stream's header. */
export const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
] as const

/** Everything that depends on the sample rate. */
export type BandTables = {
  /** Where each band of a long window starts; the last number is the window's end. */
  readonly long: readonly number[]
  readonly short: readonly number[]
  /** Bands behind this one are not shaped in time. */
  readonly tnsLong: number
  readonly tnsShort: number
}

/** `2x8 1x16` → 0, 8, 16, 32: how many bands of which width. */
function offsets(widths: string): readonly number[] {
  const edges = [0]
  for (const run of widths.split(' ')) {
    const [count = 0, width = 0] = run.split('x').map(Number)
    for (let index = 0; index < count; index += 1) edges.push((edges.at(-1) ?? 0) + width)
  }
  return edges
}

const LONG = {
  96: offsets('14x4 5x8 5x12 2x16 1x24 1x28 1x36 1x44 11x64'),
  64: offsets('14x4 4x8 3x12 3x16 1x20 2x24 1x28 1x36 18x40'),
  48: offsets('10x4 7x8 4x12 2x16 2x20 2x24 2x28 19x32 1x96'),
  32: offsets('10x4 7x8 4x12 2x16 2x20 2x24 2x28 22x32'),
  24: offsets('11x4 10x8 4x12 3x16 2x20 2x24 2x28 1x32 2x36 1x40 1x44 1x48 2x52 5x64'),
  16: offsets('11x8 9x12 4x16 3x20 2x24 2x28 1x32 1x36 2x40 1x44 1x48 1x52 1x56 1x60 3x64'),
  8: offsets('13x12 7x16 4x20 3x24 2x28 1x32 2x36 1x40 1x44 1x48 1x52 1x56 1x60 1x64 1x80'),
} as const

const SHORT = {
  96: offsets('6x4 3x8 1x16 1x28 1x36'),
  48: offsets('5x4 3x8 3x12 3x16'),
  24: offsets('7x4 3x8 2x12 2x16 1x20'),
  16: offsets('8x4 2x8 2x12 1x16 2x20'),
  8: offsets('7x4 4x8 1x12 1x16 2x20'),
} as const

const BANDS: readonly BandTables[] = [
  { long: LONG[96], short: SHORT[96], tnsLong: 31, tnsShort: 9 },
  { long: LONG[96], short: SHORT[96], tnsLong: 31, tnsShort: 9 },
  { long: LONG[64], short: SHORT[96], tnsLong: 34, tnsShort: 10 },
  { long: LONG[48], short: SHORT[48], tnsLong: 40, tnsShort: 14 },
  { long: LONG[48], short: SHORT[48], tnsLong: 42, tnsShort: 14 },
  { long: LONG[32], short: SHORT[48], tnsLong: 51, tnsShort: 14 },
  { long: LONG[24], short: SHORT[24], tnsLong: 46, tnsShort: 14 },
  { long: LONG[24], short: SHORT[24], tnsLong: 46, tnsShort: 14 },
  { long: LONG[16], short: SHORT[16], tnsLong: 42, tnsShort: 14 },
  { long: LONG[16], short: SHORT[16], tnsLong: 42, tnsShort: 14 },
  { long: LONG[16], short: SHORT[16], tnsLong: 42, tnsShort: 14 },
  { long: LONG[8], short: SHORT[8], tnsLong: 39, tnsShort: 14 },
  { long: LONG[8], short: SHORT[8], tnsLong: 39, tnsShort: 14 },
]

/** A rate that is in no table uses the bands of the nearest one: these are the limits between them (table 4.82). */
const RATE_LIMITS = [92_017, 75_132, 55_426, 46_009, 37_566, 27_713, 23_004, 18_783, 13_856, 11_502, 9_391]

/** @param sampleRate - hertz */
export function bandsOf(sampleRate: number): BandTables {
  const index = RATE_LIMITS.findIndex((limit) => sampleRate >= limit)
  const bands = BANDS[index < 0 ? BANDS.length - 1 : index]
  if (!bands) throw new Error('The tables of AAC are incomplete.')
  return bands
}
