// A board with words on it, hung into the top of a picture.
import { type Frame, tenth } from './brush.ts'

/** Name of the one font the renderer is given; it draws no text without a font file. */
const FONT_FAMILY = 'Lato'
/** Mean width of a bold letter, in font sizes; a little generous, so that no letter leaves the board. */
const LETTER_WIDTH = 0.62

/** The SVG of a sign. Characters that XML or the font cannot take are left out. */
export function drawSign(text: string, frame: Frame): string {
  const letters = [...text].filter((letter) =>
    /[\p{Letter}\p{Number}\p{Punctuation}\p{Symbol} ]/u.test(letter),
  )
  const widest = frame.width * 0.86
  const size = Math.min(frame.height * 0.11, widest / (letters.length * LETTER_WIDTH + 1))
  const width = size * Math.max(9, letters.length * LETTER_WIDTH + 1)
  const height = size * 2
  const x = (frame.width - width) / 2
  const y = frame.height * 0.06
  const rope = (at: number) =>
    `<path d="M${tenth(at)} 0V${tenth(y)}" stroke="#6b4a2b" stroke-width="${tenth(size * 0.09)}"/>`
  const board = `<rect x="${tenth(x)}" y="${tenth(y)}" width="${tenth(width)}" height="${tenth(height)}" rx="${tenth(size * 0.15)}" fill="#fdfaf2" stroke="#6b4a2b" stroke-width="${tenth(size * 0.04)}"/>`
  const words = `<text x="${tenth(frame.width / 2)}" y="${tenth(y + size * 1.36)}" font-family="${FONT_FAMILY}" font-weight="700" font-size="${tenth(size)}" text-anchor="middle" fill="#1d1d22">${escapeXml(letters.join(''))}</text>`
  return rope(x + width * 0.12) + rope(x + width * 0.88) + board + words
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
