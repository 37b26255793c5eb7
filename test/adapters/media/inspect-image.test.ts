import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeImage } from '../../../adapters/media/inspect-image.ts'

const red = { r: 220, g: 30, b: 30 }
const plain = (width = 40, height = 20) => sharp({ create: { width, height, channels: 3, background: red } })
const noisy = (width: number, height: number) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: red,
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
const inspect = (bytes: Uint8Array, pixelsMax = 40_000_000) =>
  decodeImage(bytes, { pixelsMax, timeoutMs: 30_000 })

const frames = sharp(Buffer.from([255, 0, 0, 0, 255, 0]), {
  raw: { width: 1, height: 2, channels: 3, pageHeight: 1 },
})

const good: Record<string, [() => Promise<Buffer>, string, number, number]> = {
  PNG: [() => plain().png().toBuffer(), 'image/png', 40, 20],
  'PNG of 16 bits': [() => plain().toColourspace('rgb16').png().toBuffer(), 'image/png', 40, 20],
  'PNG, interlaced': [() => plain().png({ progressive: true }).toBuffer(), 'image/png', 40, 20],
  'PNG with a palette': [() => plain().png({ palette: true }).toBuffer(), 'image/png', 40, 20],
  'PNG, transparent': [() => plain().ensureAlpha(0.5).png().toBuffer(), 'image/png', 40, 20],
  'PNG, grey': [() => plain().greyscale().png().toBuffer(), 'image/png', 40, 20],
  'PNG of one pixel': [() => plain(1, 1).png().toBuffer(), 'image/png', 1, 1],
  JPEG: [() => plain().jpeg().toBuffer(), 'image/jpeg', 40, 20],
  'JPEG, progressive': [() => noisy(40, 20).jpeg({ progressive: true }).toBuffer(), 'image/jpeg', 40, 20],
  'JPEG, CMYK': [() => plain().toColourspace('cmyk').jpeg().toBuffer(), 'image/jpeg', 40, 20],
  'JPEG, turned by EXIF': [
    () => plain().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'image/jpeg',
    20,
    40,
  ],
  'JPEG, mirrored by EXIF': [
    () => plain().withMetadata({ orientation: 2 }).jpeg().toBuffer(),
    'image/jpeg',
    40,
    20,
  ],
  'JPEG with 5 KB behind its end': [
    async () => Buffer.concat([await plain().jpeg().toBuffer(), Buffer.alloc(5000, 0x55)]),
    'image/jpeg',
    40,
    20,
  ],
  'WebP, lossy': [() => plain().webp().toBuffer(), 'image/webp', 40, 20],
  'WebP, lossless': [() => plain().webp({ lossless: true }).toBuffer(), 'image/webp', 40, 20],
  'WebP with transparency': [() => plain().ensureAlpha(0.5).webp().toBuffer(), 'image/webp', 40, 20],
  'WebP, moving': [() => frames.clone().webp({ loop: 0 }).toBuffer(), 'image/webp', 1, 1],
  GIF: [() => plain().gif().toBuffer(), 'image/gif', 40, 20],
  'GIF, moving': [() => frames.clone().gif({ loop: 0 }).toBuffer(), 'image/gif', 1, 1],
} // prettier-ignore

describe('pictures that people send', () => {
  for (const [name, [make, mime, width, height]] of Object.entries(good)) {
    it(`${name} has its kind and its size as shown`, async () => {
      expect(await inspect(new Uint8Array(await make()))).toEqual({ mime, width, height })
    })
  }
})

describe('what is refused as invalid_image', () => {
  const refuse = (bytes: Uint8Array, message: string | RegExp, pixelsMax?: number) =>
    expect(inspect(bytes, pixelsMax)).rejects.toMatchObject({
      code: 'invalid_image',
      message:
        typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
    })
  const text = (content: string) => new Uint8Array(Buffer.from(content, 'latin1'))

  it('nothing', () => refuse(new Uint8Array(), 'The picture is empty.'))
  it('an SVG', () =>
    refuse(
      text('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'This is an SVG picture, not a picture that can be read.',
    ))
  it('a PDF', () => refuse(text('%PDF-1.7'), 'a PDF document'))
  it('a TIFF', async () => refuse(new Uint8Array(await plain().tiff().toBuffer()), 'a TIFF picture'))
  it('a BMP', () => refuse(text('BM\x36\x00\x00\x00'), 'a BMP picture'))
  it('an AVIF', () => refuse(text('\x00\x00\x00\x1cftypavif'), 'a HEIC or AVIF picture'))
  it('a recording', () => refuse(text('RIFF\x24\x00\x00\x00WAVEfmt '), 'a recording'))
  it('a text', () => refuse(text('hello'), 'a text'))
  it('headers that are cut off', async () => {
    for (const start of ['\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'GIF89a', 'RIFF\x10\x00\x00\x00WEBP'])
      await refuse(text(start), 'cut off inside its header')
  })

  it('more pixels than the limit, told from the header, for every kind', async () => {
    for (const kind of ['png', 'jpeg', 'webp', 'gif'] as const) {
      const bytes = new Uint8Array(await plain(101, 100).toFormat(kind).toBuffer())
      await refuse(bytes, '101 x 100 pixels; 10,000 are the most', 10_000)
      expect(await inspect(bytes, 10_100)).toMatchObject({ width: 101 })
    }
  })

  it('a picture that ends anywhere before its last pixel', async () => {
    const pictures = [
      await noisy(200, 150).png().toBuffer(),
      await noisy(200, 150).jpeg().toBuffer(),
      await noisy(200, 150).jpeg({ progressive: true }).toBuffer(),
      await noisy(200, 150).webp().toBuffer(),
      await noisy(200, 150).webp({ lossless: true }).toBuffer(),
      await noisy(200, 150).gif().toBuffer(),
    ]
    for (const picture of pictures)
      for (const share of [0.1, 0.3, 0.6, 0.9, 0.97])
        await refuse(
          new Uint8Array(picture.subarray(0, Math.floor(picture.length * share))),
          /broken or cut off|cut off inside/,
        )
  })

  it('a PNG whose header has a wrong sum', async () => {
    const bytes = new Uint8Array(await plain().png().toBuffer())
    bytes[29] = Number(bytes[29]) ^ 0xff
    await refuse(bytes, 'The PNG picture is broken')
  })
})

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 1_000_000)

it(`a damaged picture is inspected or invalid_image, nothing else (seed ${seed})`, async () => {
  console.info(`property seed ${seed}`)
  const pictures = await Promise.all(Object.values(good).map(([make]) => make()))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...pictures),
      fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      async (picture, writes) => {
        const bytes = new Uint8Array(picture)
        for (const [at, byte] of writes) bytes[at % bytes.length] = byte
        const result = await inspect(bytes).catch((error: unknown) => error)
        if (result instanceof Error) expect(result).toMatchObject({ code: 'invalid_image' })
        else expect(result).toMatchObject({ width: expect.any(Number), height: expect.any(Number) })
      },
    ),
    { seed, numRuns: 300, endOnFailure: true },
  )
}, 60_000)
