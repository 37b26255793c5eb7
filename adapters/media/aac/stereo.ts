/** What two channels of a pair share. Source: ISO/IEC 14496-3:2009 subclauses 4.6.8.1 and 4.6.8.2. */
import type { BitReader } from '../bits.ts'
import {
  type ChannelStream,
  forEachBand,
  INTENSITY,
  INTENSITY_INVERTED,
  type WindowInfo,
} from './channel-stream.ts'
import { DamagedFrame } from './huffman.ts'

/** For each band of each group, whether it holds middle and side instead of left and right. */
export type StereoMask = { readonly used: readonly boolean[]; readonly isListed: boolean }

/** @throws EndOfBits, DamagedFrame */
export function readStereoMask(reader: BitReader, info: WindowInfo): StereoMask {
  const kind = reader.read(2)
  const count = info.groups.length * info.bandCount
  if (kind === 3) throw new DamagedFrame('A reserved kind of stereo.')
  const used = Array.from({ length: count }, () => (kind === 1 ? reader.read(1) === 1 : kind === 2))
  return { used, isListed: kind === 1 }
}

/** Turns middle and side, and intensity, into left and right, in place. */
export function joinStereo(left: ChannelStream, right: ChannelStream, mask: StereoMask | null): void {
  forEachBand(right.info, ({ index, at, width }) => {
    const book = right.books[index] ?? 0
    const isUsed = mask?.used[index] === true
    if (book === INTENSITY || book === INTENSITY_INVERTED) {
      const flips = (book === INTENSITY_INVERTED) !== (isUsed && mask?.isListed === true)
      const factor = (right.factors[index] ?? 0) * (flips ? -1 : 1)
      for (let k = at; k < at + width; k += 1) right.spectrum[k] = Number(left.spectrum[k]) * factor
    } else if (isUsed && book < 13 && (left.books[index] ?? 0) < 13) {
      for (let k = at; k < at + width; k += 1) {
        const middle = Number(left.spectrum[k])
        const side = Number(right.spectrum[k])
        left.spectrum[k] = middle + side
        right.spectrum[k] = middle - side
      }
    }
  })
}
