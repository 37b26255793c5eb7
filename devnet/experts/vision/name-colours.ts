// The colours of a picture, by name and share.
import type { Pixels } from './decode-picture.ts'

export interface NamedColour {
  readonly name: string
  /** Mean of the pixels that have the name, `#rrggbb`. */
  readonly hex: string
  /** Share of the picture, 0 to 1. */
  readonly share: number
}

/** Colours below this share are not told. */
const SHARE_MIN = 0.04
const COLOURS_MAX = 6
/** Pixels looked at; more change no share by a percent. */
const SAMPLES = 20_000

/** The colours that cover most of a picture, the largest share first. */
export function nameColours({ data, width, height }: Pixels): NamedColour[] {
  const pixels = width * height
  const step = Math.max(1, Math.floor(pixels / SAMPLES))
  const sums = new Map<string, [red: number, green: number, blue: number, count: number]>()
  let samples = 0
  for (let pixel = 0; pixel < pixels; pixel += step) {
    const at = pixel * 3
    const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0]
    const name = nameOf(red, green, blue)
    const sum = sums.get(name) ?? [0, 0, 0, 0]
    sums.set(name, [sum[0] + red, sum[1] + green, sum[2] + blue, sum[3] + 1])
    samples++
  }
  const byte = (value: number) => Math.round(value).toString(16).padStart(2, '0')
  return [...sums]
    .map(([name, [red, green, blue, count]]) => ({
      name,
      hex: `#${byte(red / count)}${byte(green / count)}${byte(blue / count)}`,
      share: Math.round((count / samples) * 1000) / 1000,
    }))
    .filter((colour) => colour.share >= SHARE_MIN)
    .sort((first, second) => second.share - first.share || first.name.localeCompare(second.name))
    .slice(0, COLOURS_MAX)
}

/** Upper ends of the hues in degrees; red goes on behind pink. */
const HUES: readonly (readonly [end: number, name: string])[] = [
  [14, 'red'],
  [42, 'orange'],
  [68, 'yellow'],
  [165, 'green'],
  [195, 'turquoise'],
  [255, 'blue'],
  [290, 'purple'],
  [345, 'pink'],
  [360, 'red'],
]

/** The everyday name of a colour (0 to 255 a channel): grey shades by lightness, the rest by hue. */
export function nameOf(red: number, green: number, blue: number): string {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)]
  const chroma = most - least
  const lightness = (most + least) / 510
  if (lightness < 0.11 || (most < 60 && chroma < 30)) return 'black'
  if (chroma < 26 || chroma / most < 0.16) return lightness > 0.88 ? 'white' : 'grey'
  const hue = hueOf({ red, green, blue, most, chroma })
  const isEarthy = hue >= 8 && hue < 55
  if (isEarthy && lightness > 0.7 && chroma / most < 0.32) return 'beige'
  if (isEarthy && lightness < 0.6 && chroma / most < (lightness < 0.42 ? 0.85 : 0.45)) return 'brown'
  return HUES.find(([end]) => hue <= end)?.[1] ?? 'red'
}

interface Channels {
  readonly red: number
  readonly green: number
  readonly blue: number
  readonly most: number
  readonly chroma: number
}

function hueOf({ red, green, blue, most, chroma }: Channels): number {
  if (most === red) return (((green - blue) / chroma) * 60 + 360) % 360
  if (most === green) return ((blue - red) / chroma) * 60 + 120
  return ((red - green) / chroma) * 60 + 240
}
