/** The two 4-bit codings that WAV files of dictation machines and telephone systems use. */
import { AudioFault, type Sound } from './sound.ts'

export type AdpcmShape = {
  readonly sampleRate: number
  readonly channelCount: number
  /** Bytes of one block; every block starts with the state of the predictor. */
  readonly blockBytes: number
}

/** Reads IMA (DVI) ADPCM, WAV tag 0x11. Source: IMA Digital Audio Focus and Technical Working Groups, 1992. */
export function* readImaAdpcm(bytes: Uint8Array, shape: AdpcmShape): Generator<Sound> {
  checkBlock(shape, 4)
  for (const block of blocksOf(bytes, shape, 4)) {
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
    // After the header, groups of 4 bytes (8 samples) for each channel in turn.
    const groups = Math.floor((block.length / shape.channelCount - 4) / 4)
    const channels = Array.from({ length: shape.channelCount }, (_, channel) => {
      const samples = new Float32Array(1 + groups * 8)
      let predictor = view.getInt16(channel * 4, true)
      let step = Math.min(88, view.getUint8(channel * 4 + 2))
      samples[0] = predictor / 32_768
      for (let index = 0; index < groups * 8; index += 1) {
        const group = index >> 3
        const at = 4 * shape.channelCount + (group * shape.channelCount + channel) * 4 + ((index & 7) >> 1)
        const nibble = index & 1 ? view.getUint8(at) >> 4 : view.getUint8(at) & 15
        const size = IMA_STEPS[step] ?? 7
        const change =
          (size >> 3) + (nibble & 4 ? size : 0) + (nibble & 2 ? size >> 1 : 0) + (nibble & 1 ? size >> 2 : 0)
        predictor = clamp16(nibble & 8 ? predictor - change : predictor + change)
        step = Math.max(0, Math.min(88, step + (IMA_STEP_CHANGE[nibble & 7] ?? 0)))
        samples[1 + index] = predictor / 32_768
      }
      return samples
    })
    yield { sampleRate: shape.sampleRate, channels }
  }
}

/** Reads Microsoft ADPCM, WAV tag 2. Source: Microsoft Multimedia Standards Update, 1994. */
export function* readMicrosoftAdpcm(bytes: Uint8Array, shape: AdpcmShape): Generator<Sound> {
  checkBlock(shape, 7)
  const count = shape.channelCount
  if (count > 2) throw new AudioFault('The WAV file holds Microsoft ADPCM of more than two channels.')
  for (const block of blocksOf(bytes, shape, 7)) {
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
    const states = Array.from({ length: count }, (_, channel) => {
      const pair = MICROSOFT_PAIRS[view.getUint8(channel)] ?? [256, 0]
      return {
        pair,
        delta: view.getInt16(count + 2 * channel, true),
        newer: view.getInt16(3 * count + 2 * channel, true),
        older: view.getInt16(5 * count + 2 * channel, true),
      }
    })
    const nibbles = (block.length - 7 * count) * 2
    const channels = states.map((state) => {
      const samples = new Float32Array(2 + nibbles / count)
      samples[0] = state.older / 32_768
      samples[1] = state.newer / 32_768
      return samples
    })
    for (let index = 0; index < nibbles; index += 1) {
      const byte = view.getUint8(7 * count + (index >> 1))
      const nibble = index & 1 ? byte & 15 : byte >> 4
      const state = states[index % count]
      const samples = channels[index % count]
      if (!state || !samples) continue
      const predicted = Math.trunc((state.newer * state.pair[0] + state.older * state.pair[1]) / 256)
      const sample = clamp16(predicted + (nibble > 7 ? nibble - 16 : nibble) * state.delta)
      state.older = state.newer
      state.newer = sample
      state.delta = Math.max(16, Math.min(0x7fff, (state.delta * (MICROSOFT_GROWTH[nibble] ?? 230)) >> 8))
      samples[2 + Math.floor(index / count)] = sample / 32_768
    }
    yield { sampleRate: shape.sampleRate, channels }
  }
}

function* blocksOf(bytes: Uint8Array, shape: AdpcmShape, headerBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += shape.blockBytes) {
    const block = bytes.subarray(at, at + shape.blockBytes)
    if (block.length > headerBytes * shape.channelCount) yield block
  }
}

function checkBlock(shape: AdpcmShape, headerBytes: number): void {
  if (shape.blockBytes <= headerBytes * shape.channelCount)
    throw new AudioFault(
      `The WAV file claims ADPCM blocks of ${shape.blockBytes} bytes, which hold no sound.`,
    )
}

function clamp16(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value
}

const IMA_STEP_CHANGE = [-1, -1, -1, -1, 2, 4, 6, 8]

/** Each step is 1.1 times the one before, rounded the way the standard's table is. */
const IMA_STEPS = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97,
  107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724,
  796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026,
  4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500,
  20350, 22385, 24623, 27086, 29794, 32767,
]

const MICROSOFT_PAIRS = [
  [256, 0],
  [512, -256],
  [0, 0],
  [192, 64],
  [240, 0],
  [460, -208],
  [392, -232],
] as const

const MICROSOFT_GROWTH = [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230]
