/** Decodes a picture once, to know that it can be, and gives its size as shown. */
import sharp from 'sharp'
import { GatewayError } from '../../src/errors.ts'
import type { InspectedImage } from '../../src/ports/media.ts'
import { readImageHeader } from './image-header.ts'
import { sniff } from './sniff.ts'

// One thread a picture and no memory of earlier ones: what is decoded comes from strangers and does not come twice.
sharp.cache(false)
sharp.concurrency(1)

/** EXIF orientations 5 to 8 swap width and height. */
const SWAPPED_FROM = 5

/**
 * @param options.pixelsMax - width times height as the header says; more is refused before anything is decoded
 * @param options.timeoutMs - of the decoding
 * @throws GatewayError `invalid_image` no picture of the four kinds, too many pixels, broken or cut off
 */
export async function decodeImage(
  bytes: Uint8Array,
  options: { readonly pixelsMax: number; readonly timeoutMs: number },
): Promise<InspectedImage> {
  if (bytes.length === 0) throw new GatewayError('invalid_image', 'The picture is empty.')
  const header = readImageHeader(bytes)
  if (!header) throw new GatewayError('invalid_image', describeOther(bytes))
  const kind = header.mime.slice(6).toUpperCase()
  if (header.width === 0 || header.height === 0)
    throw new GatewayError(
      'invalid_image',
      `The ${kind} picture is cut off inside its header, or has no pixels.`,
    )
  if (header.width * header.height > options.pixelsMax)
    throw new GatewayError(
      'invalid_image',
      `The picture has ${header.width} x ${header.height} pixels; ${options.pixelsMax.toLocaleString('en-US')} are the most that is taken.`,
    )
  try {
    const picture = sharp(bytes, {
      limitInputPixels: options.pixelsMax,
      failOn: 'error',
      sequentialRead: true,
      pages: 1, // Of moving pictures the first frame.
    })
    const { width, height, orientation } = await picture.metadata()
    // Every line goes into the small picture, so every line is decoded; large ones never lie in memory as a whole.
    await picture
      .resize(16, 16, { fit: 'fill', fastShrinkOnLoad: false })
      .timeout({ seconds: Math.ceil(options.timeoutMs / 1000) })
      .raw()
      .toBuffer()
    const isSwapped = (orientation ?? 1) >= SWAPPED_FROM
    return { mime: header.mime, width: isSwapped ? height : width, height: isSwapped ? width : height }
  } catch (cause) {
    throw new GatewayError('invalid_image', `The ${kind} picture is broken or cut off.`, { cause })
  }
}

function describeOther(bytes: Uint8Array): string {
  const found = sniff(bytes)
  const what = found.kind === 'other' ? found.what : 'a recording'
  return `This is ${what}, not a picture that can be read. PNG, JPEG, WebP and GIF can be.`
}
