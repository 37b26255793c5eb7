// Other encodings of a composed picture.
import sharp from 'sharp'

/** The PNG as JPEG (on white) or WebP; `quality` is 1 to 100. */
export async function encodePicture(
  png: Uint8Array,
  format: 'jpeg' | 'webp',
  quality: number,
): Promise<Uint8Array> {
  const picture = sharp(png)
  const encoded =
    format === 'jpeg'
      ? picture.flatten({ background: '#ffffff' }).jpeg({ quality })
      : picture.webp({ quality })
  return new Uint8Array(await encoded.toBuffer())
}
