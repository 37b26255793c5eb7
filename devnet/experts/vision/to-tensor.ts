// Pixels → the network's input: planar floats, area averaged.
import type { Pixels } from './decode-picture.ts'

/** Shares of source pixels that make up one target pixel. */
type Taps = readonly (readonly [index: number, weight: number])[]

export interface PictureTensor {
  readonly width: number
  readonly height: number
  /** Red plane, green plane, blue plane; 0 to 255. */
  readonly data: Float32Array
}

/** Width and height, multiples of 32, of about `side` squared, as near to the picture's aspect as that allows. */
export function chooseGrid(width: number, height: number, side: number): { width: number; height: number } {
  let best = { cost: Number.POSITIVE_INFINITY, width: side, height: side }
  for (let w = 64; w <= 2 * side; w += 32) {
    for (let h = 64; h <= 2 * side; h += 32) {
      const aspect = Math.abs(Math.log((w * height) / (h * width)))
      const cost = aspect + 0.4 * Math.abs(Math.log((w * h) / (side * side)))
      if (cost < best.cost) best = { cost, width: w, height: h }
    }
  }
  return best
}

/** Neighbours that differ by less (0 to 255, in every colour) are flat. */
const FLAT_STEP = 4

/** Share (0 to 1) of pixels like their right and lower neighbours: high for drawings, low for photographs. */
export function flatnessOf({ width, height, data }: PictureTensor): number {
  let flat = 0
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      let step = 0
      for (let channel = 0; channel < 3; channel++) {
        const at = (channel * height + y) * width + x
        const here = data[at] ?? 0
        step = Math.max(step, Math.abs(here - (data[at + 1] ?? 0)), Math.abs(here - (data[at + width] ?? 0)))
      }
      if (step < FLAT_STEP) flat++
    }
  }
  return flat / ((width - 1) * (height - 1))
}

/** Scales a picture to the network's grid. */
export function toTensor(pixels: Pixels, side: number): PictureTensor {
  const { width, height } = chooseGrid(pixels.width, pixels.height, side)
  const across = tapsOf(pixels.width, width)
  const down = tapsOf(pixels.height, height)
  const rows = new Float32Array(pixels.height * width * 3)
  for (let y = 0; y < pixels.height; y++) {
    for (const [x, taps] of across.entries()) {
      const to = (y * width + x) * 3
      addTaps(rows, to, { taps, source: pixels.data, start: y * pixels.width * 3, stride: 3 })
    }
  }
  const pixel = new Float32Array(3)
  const data = new Float32Array(3 * width * height)
  for (const [y, taps] of down.entries()) {
    for (let x = 0; x < width; x++) {
      pixel.fill(0)
      addTaps(pixel, 0, { taps, source: rows, start: x * 3, stride: width * 3 })
      for (let channel = 0; channel < 3; channel++) {
        data[(channel * height + y) * width + x] = pixel[channel] ?? 0
      }
    }
  }
  return { width, height, data }
}

/** The picture with left and right exchanged. */
export function mirror({ width, height, data }: PictureTensor): PictureTensor {
  const mirrored = new Float32Array(data.length)
  for (let start = 0; start < data.length; start += width) {
    mirrored.set(data.slice(start, start + width).reverse(), start)
  }
  return { width, height, data: mirrored }
}

interface Source {
  readonly taps: Taps
  readonly source: ArrayLike<number>
  readonly start: number
  readonly stride: number
}

function addTaps(target: Float32Array, to: number, { taps, source, start, stride }: Source): void {
  let [red, green, blue] = [0, 0, 0]
  for (const [index, weight] of taps) {
    const from = start + index * stride
    red += (source[from] ?? 0) * weight
    green += (source[from + 1] ?? 0) * weight
    blue += (source[from + 2] ?? 0) * weight
  }
  target[to] = red
  target[to + 1] = green
  target[to + 2] = blue
}

/** Area averages when shrinking, straight lines between pixels when enlarging. */
function tapsOf(from: number, to: number): Taps[] {
  const step = from / to
  return Array.from({ length: to }, (_, index) => {
    const taps: [number, number][] = []
    if (step >= 1) {
      const [start, end] = [index * step, (index + 1) * step]
      for (let at = Math.floor(start); at < Math.min(from, Math.ceil(end - 1e-9)); at++) {
        taps.push([at, (Math.min(at + 1, end) - Math.max(at, start)) / step])
      }
      return taps
    }
    const centre = Math.min(from - 1, Math.max(0, (index + 0.5) * step - 0.5))
    const first = Math.floor(centre)
    taps.push([first, 1 - (centre - first)])
    if (centre > first && first + 1 < from) taps.push([first + 1, centre - first])
    return taps
  })
}
