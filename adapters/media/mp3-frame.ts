/** The 4-byte header of an MPEG audio frame. Source: ISO 11172-3 2.4.2.3 and ISO 13818-3. */

export type Mp3Frame = {
  readonly sampleRate: number
  readonly layer: 1 | 2 | 3
  readonly sampleCount: number
  /** Of the whole frame, header included. */
  readonly sizeBytes: number
}

const BITRATES_KBPS = {
  '1-1': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '1-2': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '1-3': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '2-1': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '2-2': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '2-3': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const

/** @returns null when no frame of a known size starts at `at` (free-format frames are not read) */
export function parseMp3Frame(bytes: Uint8Array, at: number): Mp3Frame | null {
  const [b0, b1, b2, b3] = bytes.subarray(at, at + 4)
  if (b0 !== 0xff || b1 === undefined || b2 === undefined || b3 === undefined || (b1 & 0xe0) !== 0xe0)
    return null
  const version = (b1 >> 3) & 3 // 0: MPEG 2.5, 2: MPEG 2, 3: MPEG 1
  const layer = layerOf((b1 >> 1) & 3)
  const baseRate = [44_100, 48_000, 32_000][(b2 >> 2) & 3]
  if (version === 1 || !layer || !baseRate || (b3 & 3) === 2) return null
  const kbps = BITRATES_KBPS[`${version === 3 ? 1 : 2}-${layer}`][(b2 >> 4) - 1]
  if (!kbps) return null
  const sampleRate = baseRate >> (3 - version - (version === 0 ? 1 : 0))
  const padding = (b2 >> 1) & 1
  const sampleCount = layer === 1 ? 384 : layer === 3 && version !== 3 ? 576 : 1152
  const sizeBytes =
    layer === 1
      ? (Math.floor((12_000 * kbps) / sampleRate) + padding) * 4
      : Math.floor(((sampleCount / 8) * 1000 * kbps) / sampleRate) + padding
  return { sampleRate, layer, sampleCount, sizeBytes }
}

function layerOf(bits: number): 1 | 2 | 3 | null {
  return bits === 3 ? 1 : bits === 2 ? 2 : bits === 1 ? 3 : null
}

/**
 * Finds the next frame that another one of the same kind (or the end of the file) follows: noise seldom does that.
 *
 * @param searchBytes - how far a start is looked for
 */
export function findMp3Frame(bytes: Uint8Array, from: number, searchBytes: number): number | null {
  const end = Math.min(bytes.length - 3, from + searchBytes)
  for (let at = from; at < end; at += 1) {
    if (bytes[at] !== 0xff) continue
    const frame = parseMp3Frame(bytes, at)
    if (frame && isFollowed(bytes, at, frame)) return at
  }
  return null
}

function isFollowed(bytes: Uint8Array, at: number, frame: Mp3Frame): boolean {
  const next = at + frame.sizeBytes
  if (next >= bytes.length - 3) return at > 0 || next === bytes.length
  const following = parseMp3Frame(bytes, next)
  return following !== null && following.sampleRate === frame.sampleRate && following.layer === frame.layer
}
