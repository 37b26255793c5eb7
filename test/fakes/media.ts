/**
 * A `Media` without decoders: knows WAV (taken as 16 kHz mono as it is) and PNG (by its header), and refuses the rest.
 * It keeps the promises of the contract, so that a test of something else may stand on it.
 */
import { GatewayError } from '../../src/errors.ts'
import type { DecodedAudio, InspectedImage, Media } from '../../src/ports/media.ts'

const WAV_HEADER_BYTES = 44
const PNG_END_BYTES = 12

/** @param options.secondsMax - longer recordings are refused */
export function fakeMedia(options: { readonly secondsMax?: number } = {}): Media {
  const secondsMax = options.secondsMax ?? 1800
  let isClosed = false
  const enter = (signal: AbortSignal) => {
    if (isClosed) throw new GatewayError('shutting_down', 'The gateway is shutting down. Try again.')
    if (signal.aborted) throw new GatewayError('client_closed_request', 'The request was cancelled.')
  }
  return {
    async decodeAudio(bytes, { signal }) {
      enter(signal)
      return decode(bytes, secondsMax)
    },
    async inspectImage(bytes, { signal }) {
      enter(signal)
      return inspect(bytes)
    },
    async close() {
      isClosed = true
    },
  }
}

function decode(bytes: Uint8Array, secondsMax: number): DecodedAudio {
  if (isPng(bytes))
    throw new GatewayError('invalid_audio', 'This is a PNG picture, not a recording that can be read.')
  const durationSeconds = (bytes.length - WAV_HEADER_BYTES) / 32_000
  if (word(bytes, 8) !== 'WAVE' || durationSeconds <= 0)
    throw new GatewayError('invalid_audio', 'The file holds no sound.')
  if (durationSeconds > secondsMax)
    throw new GatewayError('invalid_audio', `The recording is longer than ${secondsMax} seconds.`)
  return { wav: bytes.slice(), durationSeconds, container: 'wav' }
}

function inspect(bytes: Uint8Array): InspectedImage {
  if (!isPng(bytes) || word(bytes, bytes.length - PNG_END_BYTES + 4) !== 'IEND')
    throw new GatewayError('invalid_image', 'This is no whole PNG picture.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { mime: 'image/png', width: view.getUint32(16), height: view.getUint32(20) }
}

function isPng(bytes: Uint8Array): boolean {
  return word(bytes, 1).startsWith('PNG')
}

function word(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}
