// Finds rows of shapes that look like letters, for short words on pictures that Tesseract's page analysis takes for art.
import type { Pixels } from './decode-picture.ts'

/** Shares (0 to 1) of the picture's width and height. */
export interface TextLineBox {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** In pixels; right and bottom are the last ones. */
interface Shape {
  left: number
  top: number
  right: number
  bottom: number
  area: number
}

/** A letter differs by this from the mean around it (0 to 255). */
const CONTRAST_MIN = 24
/** The mean is taken over a window of this share of the longest side, so that thick strokes stay whole. */
const WINDOW_SHARE = 0.1
const LETTER_HEIGHT_MIN = 9
/** Share of the picture's height. */
const LETTER_HEIGHT_SHARE_MAX = 0.3
const LETTERS_MIN = 2
const LINES_MAX = 6

/** Boxes of what may be lines of text, those with most letters first. */
export function findTextLines(pixels: Pixels): TextLineBox[] {
  const { width, height } = pixels
  const contrast = contrastOf(pixels)
  const lines = [1, -1].flatMap((sign) => {
    const letters = findShapes(contrast, { width, height, sign }).filter((shape) => isLetter(shape, height))
    return joinLetters(letters)
  })
  const kept: Line[] = []
  for (const line of lines.sort((first, second) => second.letters - first.letters)) {
    // The holes of letters are a row of shapes too, in the other polarity.
    const isHoles = kept.some((other) => insideShare(line, other) > 0.5)
    if (line.letters >= LETTERS_MIN && kept.length < LINES_MAX && !isHoles) kept.push(line)
  }
  return kept.map(({ left, top, right, bottom }) => {
    const margin = (bottom - top + 1) * 0.35
    const [x, y] = [Math.max(0, left - margin), Math.max(0, top - margin)]
    return {
      x: x / width,
      y: y / height,
      width: (Math.min(width, right + 1 + margin) - x) / width,
      height: (Math.min(height, bottom + 1 + margin) - y) / height,
    }
  })
}

/** Share of the first shape's box that lies in the second's. */
function insideShare(first: Shape, second: Shape): number {
  const across = Math.min(first.right, second.right) - Math.max(first.left, second.left) + 1
  const down = Math.min(first.bottom, second.bottom) - Math.max(first.top, second.top) + 1
  const area = (first.right - first.left + 1) * heightOf(first)
  return (Math.max(0, across) * Math.max(0, down)) / area
}

/** How much brighter a pixel is than its surroundings, from sums over the picture (an integral image). */
function contrastOf({ width, height, data }: Pixels): Float32Array {
  const radius = Math.max(6, Math.round((Math.max(width, height) * WINDOW_SHARE) / 2))
  const row = width + 1
  const sums = new Float64Array(row * (height + 1))
  const grey = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    let sum = 0
    for (let x = 0; x < width; x++) {
      const at = y * width + x
      const luma = (data[at * 3] ?? 0) * 0.3 + (data[at * 3 + 1] ?? 0) * 0.59 + (data[at * 3 + 2] ?? 0) * 0.11
      grey[at] = luma
      sum += luma
      sums[(y + 1) * row + x + 1] = (sums[y * row + x + 1] ?? 0) + sum
    }
  }
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [Math.max(0, y - radius), Math.min(height, y + radius + 1)]
    for (let x = 0; x < width; x++) {
      const [left, right] = [Math.max(0, x - radius), Math.min(width, x + radius + 1)]
      const corners =
        (sums[bottom * row + right] ?? 0) -
        (sums[top * row + right] ?? 0) -
        (sums[bottom * row + left] ?? 0) +
        (sums[top * row + left] ?? 0)
      const at = y * width + x
      grey[at] = (grey[at] ?? 0) - corners / ((bottom - top) * (right - left))
    }
  }
  return grey
}

/** Connected areas that are brighter (sign 1) or darker (-1) than their surroundings. */
function findShapes(
  contrast: Float32Array,
  { width, height, sign }: { width: number; height: number; sign: number },
): Shape[] {
  const isSeen = new Uint8Array(width * height)
  const shapes: Shape[] = []
  const stack: number[] = []
  const push = (at: number) => {
    if (isSeen[at] === 1 || (contrast[at] ?? 0) * sign < CONTRAST_MIN) return
    isSeen[at] = 1
    stack.push(at)
  }
  for (let start = 0; start < contrast.length; start++) {
    push(start)
    if (stack.length === 0) continue
    const shape = { left: width, top: height, right: -1, bottom: -1, area: 0 }
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const [x, y] = [at % width, Math.floor(at / width)]
      shape.left = Math.min(shape.left, x)
      shape.right = Math.max(shape.right, x)
      shape.top = Math.min(shape.top, y)
      shape.bottom = Math.max(shape.bottom, y)
      shape.area++
      if (x > 0) push(at - 1)
      if (x + 1 < width) push(at + 1)
      if (y > 0) push(at - width)
      if (y + 1 < height) push(at + width)
    }
    shapes.push(shape)
  }
  return shapes
}

const heightOf = (shape: Shape) => shape.bottom - shape.top + 1

function isLetter(shape: Shape, pictureHeight: number): boolean {
  const [across, down] = [shape.right - shape.left + 1, heightOf(shape)]
  const filled = shape.area / (across * down)
  const hasSize = down >= LETTER_HEIGHT_MIN && down <= pictureHeight * LETTER_HEIGHT_SHARE_MAX
  return hasSize && across <= down * 2 && across >= down * 0.08 && filled > 0.12
}

interface Line extends Shape {
  letters: number
}

/** Puts letters of about the same height that stand side by side into lines. */
function joinLetters(letters: readonly Shape[]): Line[] {
  const lines: Line[] = []
  for (const letter of [...letters].sort((first, second) => first.left - second.left)) {
    const line = lines.find((candidate) => follows(candidate, letter))
    if (!line) {
      lines.push({ ...letter, letters: 1 })
      continue
    }
    line.right = Math.max(line.right, letter.right)
    line.top = Math.min(line.top, letter.top)
    line.bottom = Math.max(line.bottom, letter.bottom)
    line.letters++
  }
  return lines
}

function follows(line: Line, letter: Shape): boolean {
  const [lineHeight, letterHeight] = [heightOf(line), heightOf(letter)]
  const shared = Math.min(line.bottom, letter.bottom) - Math.max(line.top, letter.top)
  const isBeside = letter.left - line.right < lineHeight && letter.left > line.left
  const isAlike = letterHeight < lineHeight * 1.6 && letterHeight > lineHeight * 0.45
  return isBeside && isAlike && shared > Math.min(lineHeight, letterHeight) * 0.6
}
