// Reads the icon sets of the training from a folder of npm packages, with the tight box of every icon.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Resvg } from '@resvg/resvg-js'
import type { Icon } from '../../image/scene/icons.ts'
import type { Vocabulary } from '../../image/scene/vocabulary.ts'

/** Sets the network is trained on; noto is the composer's. */
export const TRAINING_SETS = [
  'noto',
  'fluent-emoji-flat',
  'fluent-emoji',
  'noto-v1',
  'fxemoji',
  'emojione',
  'streamline-emojis',
] as const

/** Sets no picture of which is ever trained on. */
export const HELD_OUT_SETS = ['twemoji', 'openmoji'] as const

/** resvg 2.6.2 aborts the whole process on these (an unwrap on None in its geom.rs). */
const ABORTING_ICONS: ReadonlySet<string> = new Set([
  'noto-v1/lady-beetle',
  'noto-v1/hot-beverage',
  'noto-v1/ambulance',
])

/** Side of the sprites in pixels. */
const SPRITE_SIZE = 128
const VISIBLE_ALPHA = 24

interface IconifyIcon {
  body: string
  width?: number
  height?: number
  left?: number
  top?: number
}

interface IconifySet {
  width?: number
  height?: number
  icons: Record<string, IconifyIcon>
  aliases?: Record<string, { parent: string }>
}

/** An icon as a picture: premultiplied RGBA of the visible part. */
export interface Sprite {
  readonly label: string
  readonly icon: Icon
  readonly width: number
  readonly height: number
  readonly pixels: Buffer
}

const readSet = (modules: string, set: string): IconifySet =>
  JSON.parse(readFileSync(path.join(modules, '@iconify-json', set, 'icons.json'), 'utf8'))

function namesOf(json: IconifySet, set: string, wanted: string): string[] {
  const names = [...Object.keys(json.icons), ...Object.keys(json.aliases ?? {})]
  // Streamline numbers the variants of a drawing.
  if (set === 'streamline-emojis') return names.filter((name) => name.replace(/-[1-9]$/, '') === wanted)
  return names.filter((name) => name === wanted)
}

function renderSprite(label: string, name: string, { body, ...cell }: Required<IconifyIcon>): Sprite | null {
  const view = `viewBox="${cell.left} ${cell.top} ${cell.width} ${cell.height}" width="${SPRITE_SIZE}" height="${SPRITE_SIZE}"`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${view} color="#333">${body}</svg>`
  const { pixels, width, height } = new Resvg(svg, { font: { loadSystemFonts: false } }).render()
  let [left, top, right, bottom] = [width, height, -1, -1]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((pixels[(y * width + x) * 4 + 3] ?? 0) <= VISIBLE_ALPHA) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
  }
  if (right < 0) return null
  const [cropWidth, cropHeight] = [right - left + 1, bottom - top + 1]
  const rows = Array.from({ length: cropHeight }, (_, y) =>
    pixels.subarray(((y + top) * width + left) * 4, ((y + top) * width + right + 1) * 4),
  )
  // A non-square cell is centred in the square by resvg; every set has square cells but for rounding.
  const unit = Math.max(cell.width, cell.height) / SPRITE_SIZE
  const round = (value: number) => Math.round(value * 100) / 100
  const box = {
    x: round(cell.left + left * unit),
    y: round(cell.top + top * unit),
    width: round(cropWidth * unit),
    height: round(cropHeight * unit),
  }
  return {
    label,
    icon: { name, body, box },
    width: cropWidth,
    height: cropHeight,
    pixels: Buffer.concat(rows),
  }
}

/** Every icon of one set that a noun of the vocabulary names, each once a noun. */
export function* readSprites(modules: string, set: string, vocabulary: Vocabulary): Generator<Sprite> {
  const json = readSet(modules, set)
  const width = json.width ?? 16
  for (const { label, icons } of vocabulary.entries) {
    const seen = new Set<string>()
    for (const wanted of icons.flatMap((name) => namesOf(json, set, name))) {
      let name = wanted
      for (let hop = 0; hop < 4 && !json.icons[name]; hop++) name = json.aliases?.[name]?.parent ?? name
      const found = json.icons[name]
      if (!found || seen.has(name) || ABORTING_ICONS.has(`${set}/${name}`)) continue
      seen.add(name)
      const cell = { left: 0, top: 0, width, height: json.height ?? width, ...found }
      // Named as the vocabulary names it, so that the composer finds aliases and numbered variants.
      const known = set === 'streamline-emojis' ? wanted.replace(/-[1-9]$/, '') : wanted
      const sprite = renderSprite(label, known, cell)
      if (sprite) yield sprite
    }
  }
}
