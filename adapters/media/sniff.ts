/** Knows a file by its first bytes: what it is called and what a browser says of it are often wrong. */
import { findAdtsFrame } from './adts.ts'
import { findMp3Frame } from './mp3-frame.ts'

export type SoundContainer = 'wav' | 'mp3' | 'flac' | 'ogg' | 'webm' | 'mp4' | 'aac'

/** A container, or the words for what was found instead (`a PNG picture`). */
export type Sniffed =
  | {
      readonly kind: 'sound'
      readonly container: SoundContainer /** Where it starts, behind tags. */
      readonly from: number
    }
  | { readonly kind: 'other'; readonly what: string }

/** How far the first MP3 or AAC frame is looked for: a stream joined in the middle of a frame starts with a part of one. */
const SEARCH_BYTES = 16_384

/** Magic numbers of what people upload by mistake, with the offset of each. */
const OTHERS: readonly (readonly [magic: string, what: string, at?: number])[] = [
  ['\x89PNG', 'a PNG picture'],
  ['\xff\xd8\xff', 'a JPEG picture'],
  ['GIF8', 'a GIF picture'],
  ['BM', 'a BMP picture'],
  ['II*\0', 'a TIFF picture'],
  ['MM\0*', 'a TIFF picture'],
  ['%PDF', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive (or an Office document)'],
  ['\x1f\x8b', 'a gzip archive'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['Rar!', 'a RAR archive'],
  ['FORM', 'an AIFF file'],
  ['caff', 'a CAF file'],
  ['.snd', 'an AU file'],
  ['#!AMR', 'an AMR file'],
  ['MThd', 'a MIDI file (notes, no sound)'],
  ['wvpk', 'a WavPack file'],
  ['MAC ', "a Monkey's Audio file"],
  ['\x30\x26\xb2\x75', 'a Windows Media file'],
  ['FLV', 'a Flash video'],
  ['RIFX', 'a big-endian WAV file'],
  ['\x7fELF', 'a program'],
  ['MZ', 'a program'],
  ['\xd0\xcf\x11\xe0', 'an Office document'],
  ['SQLite format 3', 'a database'],
]

const BOXES = ['ftyp', 'moov', 'mdat', 'moof', 'styp', 'sidx', 'wide', 'skip', 'free', 'pnot']
const PICTURE_BRANDS = ['heic', 'heix', 'mif1', 'msf1', 'avif', 'avis']

/** @param bytes - a whole file; only its head is looked at */
export function sniff(bytes: Uint8Array): Sniffed {
  const from = behindTags(bytes)
  const riff = ascii(bytes, from, 4)
  const form = ascii(bytes, from + 8, 4)
  if (['RIFF', 'RF64', 'BW64'].includes(riff)) {
    if (form === 'WAVE') return sound('wav', from)
    return other(
      form === 'WEBP' ? 'a WebP picture' : form === 'AVI ' ? 'an AVI video' : 'a RIFF file without sound',
    )
  }
  if (riff === 'OggS') return sound('ogg', from)
  if (riff === 'fLaC') return sound('flac', from)
  if (riff === '\x1aE\xdf\xa3') return sound('webm', from)
  if (BOXES.includes(ascii(bytes, from + 4, 4))) {
    if (PICTURE_BRANDS.includes(form)) return other('a HEIC or AVIF picture')
    return sound('mp4', from)
  }
  for (const [magic, what, at = 0] of OTHERS) if (ascii(bytes, at, magic.length) === magic) return other(what)
  const text = nameText(bytes)
  if (text) return other(text)
  return sniffFrames(bytes, from)
}

/** MP3 and AAC have no magic number: only a frame that another frame follows is one. */
function sniffFrames(bytes: Uint8Array, from: number): Sniffed {
  const head = bytes.subarray(from, from + 4 * SEARCH_BYTES)
  const adts = findAdtsFrame(head, 0)
  const mp3 = findMp3Frame(head, 0, SEARCH_BYTES)
  if (adts !== null && adts < SEARCH_BYTES && (mp3 === null || adts < mp3)) return sound('aac', from)
  if (mp3 !== null) return sound('mp3', from)
  if (from > 0) return other('a tag without a recording behind it')
  return other(bytes.length === 0 ? 'an empty file' : 'data of an unknown kind')
}

function sound(container: SoundContainer, from: number): Sniffed {
  return { kind: 'sound', container, from }
}

function other(what: string): Sniffed {
  return { kind: 'other', what }
}

/** Skips ID3v2 tags, which may stand before MP3, AAC and FLAC; some files have two. */
function behindTags(bytes: Uint8Array): number {
  let at = 0
  while (ascii(bytes, at, 3) === 'ID3' && at + 10 <= bytes.length) {
    const size = bytes.subarray(at + 6, at + 10).reduce((sum, byte) => sum * 128 + (byte & 127), 0)
    const footer = (bytes[at + 5] ?? 0) & 0x10 ? 10 : 0
    at += 10 + size + footer
  }
  return Math.min(at, bytes.length)
}

function nameText(bytes: Uint8Array): string | null {
  const head = bytes.subarray(0, 512)
  const isText =
    head.length > 0 && head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13)
  if (!isText) return null
  const text = new TextDecoder().decode(head).trimStart().toLowerCase()
  // The 0xff of a frame header is in no UTF-8 text, so that text is never taken for MP3.
  if (head.includes(0xff) && !text.startsWith('<')) return null
  if (text.startsWith('<!doctype html') || text.startsWith('<html')) return 'a web page'
  if (text.includes('<svg')) return 'an SVG picture'
  if (text.startsWith('<')) return 'an XML text'
  if (text.startsWith('{') || text.startsWith('[')) return 'a JSON text'
  return 'a text'
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
