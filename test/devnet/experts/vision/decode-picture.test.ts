import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, decodePicture } from '../../../../devnet/experts/vision/decode-picture.ts'
import { renderSvg } from './vision-files.ts'

const decode = (bytes: Uint8Array, limits = {}) => decodePicture(bytes, { ...DEFAULT_LIMITS, ...limits })
/** Red above, blue below, 60 x 40. */
let source: Uint8Array
beforeAll(() => {
  source = renderSvg(
    '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="60" height="20" fill="#f00"/><rect y="20" width="60" height="20" fill="#00f"/></svg>',
  )
})
const topPixel = async (bytes: Uint8Array) => [...(await decode(bytes)).pixels.data.subarray(0, 3)]

describe('is decoded', () => {
  it.each(['png', 'jpeg', 'gif', 'webp', 'avif', 'tiff'] as const)('%s', async (format) => {
    const bytes = new Uint8Array(await sharp(source).toFormat(format).toBuffer())
    const { width, height, format: seen } = await decode(bytes)
    expect([width, height, seen]).toEqual([60, 40, format])
  })

  it('CMYK, progressive, 16 bits and grey, in sRGB with 8 bits', async () => {
    const kinds = [
      sharp(source).toColourspace('cmyk').jpeg(),
      sharp(source).jpeg({ progressive: true }),
      sharp(source).toColourspace('rgb16').png(),
      sharp(source).png({ palette: true }),
    ]
    for (const kind of kinds) {
      const [red = 0, green = 255, blue = 255] = await topPixel(new Uint8Array(await kind.toBuffer()))
      expect([red > 180, green < 90, blue < 90]).toEqual([true, true, true])
    }
    const grey = await decode(new Uint8Array(await sharp(source).greyscale().png().toBuffer()))
    expect(grey.pixels.data.length).toBe(60 * 40 * 3)
  })

  it('turned upright as EXIF says', async () => {
    const turned = new Uint8Array(await sharp(source).withMetadata({ orientation: 6 }).jpeg().toBuffer())
    const { width, height, pixels } = await decode(turned)
    expect([width, height, pixels.width, pixels.height]).toEqual([40, 60, 40, 60])
    // Orientation 6 is turned clockwise: what was on top is on the right.
    const at = (x: number, y: number) => [...pixels.data.subarray((y * 40 + x) * 3, (y * 40 + x) * 3 + 3)]
    expect((at(35, 30)[0] ?? 0) > 200 && (at(5, 30)[2] ?? 0) > 200).toBe(true)
  })

  it('on white where it is transparent', async () => {
    const clear = {
      create: { width: 8, height: 8, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    }
    expect(await topPixel(new Uint8Array(await sharp(clear).png().toBuffer()))).toEqual([255, 255, 255])
  })

  it('from the first frame of an animation', async () => {
    const frames = ['#00ff00', '#ff0000'].map((background) => ({
      create: { width: 20, height: 20, channels: 3 as const, background },
    }))
    const pictures = await Promise.all(frames.map((frame) => sharp(frame).png().toBuffer()))
    const animation = await sharp(pictures, { join: { animated: true } })
      .gif()
      .toBuffer()
    const { width, height, pixels } = await decode(new Uint8Array(animation))
    expect([width, height, ...pixels.data.subarray(0, 3)]).toEqual([20, 20, 0, 255, 0])
  })
})

describe('is refused', () => {
  it.each(['png', 'jpeg', 'gif', 'webp', 'tiff'] as const)('a %s that is cut off', async (format) => {
    const noisy = Buffer.from(Array.from({ length: 128 * 128 * 3 }, (_, index) => (index * 7919) % 251))
    const whole = await sharp(noisy, { raw: { width: 128, height: 128, channels: 3 } })
      .toFormat(format)
      .toBuffer()
    const cut = new Uint8Array(whole.subarray(0, Math.floor(whole.length * 0.6)))
    await expect(decode(cut)).rejects.toMatchObject({ name: 'UndecodablePictureError', fault: 'broken' })
  })

  it.each([
    ['nothing', ''],
    ['text', 'hello, I am a picture'],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'],
    ['an SVG bomb', `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "${'x'.repeat(99)}">]><svg>&a;</svg>`],
    ['a PDF', '%PDF-1.7'],
  ])('%s', async (_name, text) => {
    await expect(decode(Buffer.from(text))).rejects.toMatchObject({ fault: 'not-a-picture' })
  })

  it.each([
    ['png', '\x89PNG\r\n\x1a\n'],
    ['jpeg', '\xff\xd8\xff\xe0'],
    ['gif', 'GIF89a'],
    ['webp', 'RIFF\x10\0\0\0WEBP'],
    ['avif', '\0\0\0\x20ftypavif'],
    ['tiff', 'II*\0'],
  ])('garbage that begins like %s', async (_name, start) => {
    const bytes = Buffer.concat([Buffer.from(start, 'latin1'), Buffer.from('garbage '.repeat(40))])
    await expect(decode(bytes)).rejects.toMatchObject({ fault: 'broken' })
  })

  it('more pixels than allowed, before they are decoded', async () => {
    await expect(decode(bombPng(20_000, 20_000))).rejects.toMatchObject({
      fault: 'too-large',
      message: 'The picture has more than 40000000 pixels.',
    })
    await expect(decode(source, { pixelsMax: 2399 })).rejects.toMatchObject({ fault: 'too-large' })
  })

  it('more bytes than allowed', async () => {
    await expect(decode(source, { bytesMax: 10 })).rejects.toMatchObject({ fault: 'too-large' })
  })
})

/** A PNG that claims a size and holds next to nothing. */
function bombPng(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const chunks = [
    ['IHDR', header],
    ['IDAT', deflateSync(Buffer.alloc(1000))],
    ['IEND', Buffer.alloc(0)],
  ] as const
  const parts = chunks.map(([kind, body]) => {
    const chunk = Buffer.alloc(12 + body.length)
    chunk.writeUInt32BE(body.length, 0)
    chunk.write(kind, 4, 'latin1')
    chunk.set(body, 8)
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + body.length)), 8 + body.length)
    return chunk
  })
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts])
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
