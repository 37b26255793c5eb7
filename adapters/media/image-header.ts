/** What a picture says of itself in its first bytes, read before anything is decoded. */

export type ImageHeader = {
  readonly mime: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif'
  /** As stored, before any turn; 0 when the header is cut off. */
  readonly width: number
  readonly height: number
}

/** @returns null when it is not one of the four kinds */
export function readImageHeader(bytes: Uint8Array): ImageHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return { mime: 'image/png', ...readPng(bytes, view) }
  if (ascii(bytes, 0, 3) === '\xff\xd8\xff') return { mime: 'image/jpeg', ...readJpeg(bytes, view) }
  if (['GIF87a', 'GIF89a'].includes(ascii(bytes, 0, 6))) return { mime: 'image/gif', ...readGif(view) }
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP')
    return { mime: 'image/webp', ...readWebp(bytes, view) }
  return null
}

type Size = { readonly width: number; readonly height: number }

const UNKNOWN: Size = { width: 0, height: 0 }

/** PNG specification (third edition) 11.2.1. */
function readPng(bytes: Uint8Array, view: DataView): Size {
  if (bytes.length < 24 || ascii(bytes, 12, 4) !== 'IHDR') return UNKNOWN
  return { width: view.getUint32(16), height: view.getUint32(20) }
}

/** GIF89a specification, 18: the screen on which all frames lie. */
function readGif(view: DataView): Size {
  if (view.byteLength < 10) return UNKNOWN
  return { width: view.getUint16(6, true), height: view.getUint16(8, true) }
}

/** RFC 9649 sections 2.5 to 2.7: lossy, lossless, extended. */
function readWebp(bytes: Uint8Array, view: DataView): Size {
  if (bytes.length < 30) return readShortWebp(bytes, view)
  switch (ascii(bytes, 12, 4)) {
    case 'VP8X':
      return {
        width: 1 + view.getUint16(24, true) + 65_536 * view.getUint8(26),
        height: 1 + view.getUint16(27, true) + 65_536 * view.getUint8(29),
      }
    case 'VP8 ':
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
    default:
      return readShortWebp(bytes, view)
  }
}

function readShortWebp(bytes: Uint8Array, view: DataView): Size {
  if (bytes.length < 25 || ascii(bytes, 12, 4) !== 'VP8L') return UNKNOWN
  const packed = view.getUint32(21, true)
  return { width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff) }
}

/** ITU-T T.81 table B.1: the frame header is the first of the SOF markers. */
function readJpeg(bytes: Uint8Array, view: DataView): Size {
  for (let at = 2; at + 9 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return UNKNOWN
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff || marker === 1 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2 // Fill bytes, and markers without content.
      continue
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    at += 2 + view.getUint16(at + 2)
  }
  return UNKNOWN
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
