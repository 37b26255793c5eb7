// Bytes of an encoded picture → pixels, within bounds. Only raster formats reach the decoder: SVG can name other files.
import sharp, { type Sharp } from 'sharp'
import { UndecodablePictureError } from './errors.ts'

export const PICTURE_FORMATS = ['png', 'jpeg', 'gif', 'webp', 'avif', 'tiff'] as const
export type PictureFormat = (typeof PICTURE_FORMATS)[number]

export interface PictureLimits {
  /** Refused above; 40 million by default. */
  readonly pixelsMax: number
  /** Refused above; 32 MiB by default. */
  readonly bytesMax: number
  /** For one decoding step; 20 s by default. */
  readonly timeoutMs: number
}

/** Red, green and blue bytes, row by row. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

export interface DecodedPicture {
  /** Pixels of the upright picture as it was sent. */
  readonly width: number
  readonly height: number
  readonly format: PictureFormat
  /** The picture with its longest side cut down to `LOOK_SIDE`. */
  readonly pixels: Pixels
  /** A grey PNG for reading text, scaled so that print has a readable size. */
  readGreyPng(): Promise<{ png: Uint8Array; width: number; height: number }>
}

export const DEFAULT_LIMITS: PictureLimits = {
  pixelsMax: 40_000_000,
  bytesMax: 32 * 2 ** 20,
  timeoutMs: 20_000,
}

/** Longest side of the pixels that recognition works on. */
const LOOK_SIDE = 768
/** Longest side of the picture that text is read from: more costs seconds and reads no better. */
const TEXT_SIDE_MAX = 2400
/** A picture whose longest side is below this is enlarged by half: Tesseract wants letters of about 30 pixels. */
const TEXT_SMALL_SIDE = 1400

/**
 * Decodes the first frame of a picture, turned upright, on white, in sRGB with 8 bits.
 *
 * @throws UndecodablePictureError when the bytes are no picture, are broken or cut off, or exceed a limit
 */
export async function decodePicture(bytes: Uint8Array, limits: PictureLimits): Promise<DecodedPicture> {
  if (bytes.byteLength > limits.bytesMax) {
    throw new UndecodablePictureError('too-large', `The picture is larger than ${limits.bytesMax} bytes.`)
  }
  const format = sniffFormat(bytes)
  if (format === null) {
    const known = PICTURE_FORMATS.map((name) => name.toUpperCase()).join(', ')
    throw new UndecodablePictureError('not-a-picture', `This is no picture of a known kind (${known}).`)
  }
  const upright = () => openUpright(bytes, limits)
  const { width, height } = await translated(limits, async () => {
    const described = await sharp(bytes, inputOptions(limits)).metadata()
    // The input limit counts all frames of an animation; the size of one is checked as well.
    const pixels = described.width * (described.pageHeight ?? described.height)
    if (pixels > limits.pixelsMax) throw tooManyPixels(limits)
    return described.autoOrient
  })
  const pixels = await translated(limits, async () => {
    const size = { width: LOOK_SIDE, height: LOOK_SIDE, fit: 'inside', withoutEnlargement: true } as const
    const { data, info } = await upright().resize(size).raw().toBuffer({ resolveWithObject: true })
    return { width: info.width, height: info.height, data: new Uint8Array(data) }
  })
  return { width, height, format, pixels, readGreyPng: () => greyPng({ width, height, upright, limits }) }
}

/** The format by the first bytes, or null. */
export function sniffFormat(bytes: Uint8Array): PictureFormat | null {
  const start = Buffer.from(bytes.subarray(0, 16)).toString('latin1')
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'gif'
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return 'webp'
  if (start.slice(4, 8) === 'ftyp' && /^avi[fs]$/.test(start.slice(8, 12))) return 'avif'
  if (start.startsWith('II*\0') || start.startsWith('MM\0*')) return 'tiff'
  return null
}

const inputOptions = (limits: PictureLimits) =>
  ({ failOn: 'error', limitInputPixels: limits.pixelsMax, pages: 1, sequentialRead: true }) as const

const openUpright = (bytes: Uint8Array, limits: PictureLimits) =>
  sharp(bytes, inputOptions(limits))
    .timeout({ seconds: Math.ceil(limits.timeoutMs / 1000) })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()

interface TextSource {
  readonly width: number
  readonly height: number
  readonly upright: () => Sharp
  readonly limits: PictureLimits
}

function greyPng({ width, height, upright, limits }: TextSource): ReturnType<DecodedPicture['readGreyPng']> {
  const longest = Math.max(width, height)
  const scale = longest < TEXT_SMALL_SIDE ? 1.5 : Math.min(1, TEXT_SIDE_MAX / longest)
  const size = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  }
  return translated(limits, async () => {
    const encoded = await upright()
      .resize({ ...size, fit: 'fill' })
      .greyscale()
      .png({ compressionLevel: 1 })
      .toBuffer()
    return { png: new Uint8Array(encoded), ...size }
  })
}

const tooManyPixels = (limits: PictureLimits) =>
  new UndecodablePictureError('too-large', `The picture has more than ${limits.pixelsMax} pixels.`)

/** Runs a decoding step and puts the decoder's errors into our words. */
async function translated<T>(limits: PictureLimits, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (cause) {
    if (cause instanceof UndecodablePictureError) throw cause
    const text = cause instanceof Error ? cause.message : ''
    if (/exceeds pixel limit/i.test(text)) throw tooManyPixels(limits)
    if (/timeout/i.test(text)) {
      throw new UndecodablePictureError('too-slow', 'The picture takes too long to decode.', { cause })
    }
    throw new UndecodablePictureError('broken', 'The picture is broken or cut off.', { cause })
  }
}
