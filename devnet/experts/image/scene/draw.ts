// A laid-out scene as SVG, with the boxes of what it shows.
import { paintBackground, paintWeather } from './background.ts'
import { radialGradient, tenth } from './brush.ts'
import { scopeIds, tintFilter } from './icons.ts'
import type { SceneItem } from './item.ts'
import { type SceneLayout, throwsShadow } from './layout.ts'
import { seededRandom } from './random.ts'

/** A thing on the picture; lengths are shares of the picture's width and height. */
export interface SceneBox {
  readonly label: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface DrawOptions {
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** Leaves the background, shadows and weather out. */
  readonly isTransparent?: boolean | undefined
  /** SVG drawn over everything else, in scene units. */
  readonly overlay?: string
}

const GLOWING: ReadonlySet<string> = new Set([
  'moon',
  'star',
  'sun',
  'fire',
  'candle',
  'lightbulb',
  'lightning',
])

/** The SVG of a scene; the same layout gives the same text. */
export function drawScene(layout: SceneLayout, options: DrawOptions): { svg: string; boxes: SceneBox[] } {
  const { frame, spec, items, seed } = layout
  const nothing = { defs: '', body: '' }
  const background = options.isTransparent ? nothing : paintBackground(frame, spec, seed)
  const weather = options.isTransparent ? nothing : paintWeather(frame, spec, seed)
  const random = seededRandom(`objects${seed}`)
  const defs = [background.defs, weather.defs, SHARED_GRADIENTS]
  const body: string[] = []
  for (const [index, item] of items.entries()) {
    if (!options.isTransparent) body.push(surroundings(item, layout))
    if (item.colour !== null) defs.push(tintFilter(`tint${index}`, item.colour))
    const tilt = item.kind === 'sky' || item.kind === 'air' ? random.between(-8, 8) : 0
    body.push(drawItem(item, { index, tilt }))
    if (!options.isTransparent) body.push(waterLine(item, layout))
  }
  const size = `viewBox="0 0 ${frame.width} ${frame.height}" width="${options.width}" height="${options.height}"`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size} preserveAspectRatio="none"><defs>${defs.join('')}</defs>${background.body}${body.join('')}${weather.body}${options.overlay ?? ''}</svg>`
  const boxes = items.map(({ label, x, y, width, height }) => ({
    label,
    x: (x - width / 2) / frame.width,
    y: (y - height) / frame.height,
    width: width / frame.width,
    height: height / frame.height,
  }))
  return { svg, boxes }
}

const SHARED_GRADIENTS =
  radialGradient('halo', [
    [0, '#fff6c8', 0.85],
    [0.5, '#ffe79a', 0.35],
    [1, '#ffe79a', 0],
  ]) +
  radialGradient('shadow', [
    [0, '#000', 0.42],
    [0.7, '#000', 0.2],
    [1, '#000', 0],
  ])

function drawItem(item: SceneItem, { index, tilt }: { index: number; tilt: number }): string {
  const { icon, width, height } = item
  const scale = Math.round((width / icon.box.width) * 1000) / 1000
  const body = scopeIds(icon.body, `i${index}-`)
  const toOrigin = item.isFlipped
    ? `translate(${tenth(icon.box.x + icon.box.width)} ${-icon.box.y}) scale(-1 1)`
    : `translate(${-icon.box.x} ${-icon.box.y})`
  const place = `translate(${tenth(item.x - width / 2)} ${tenth(item.y - height)})`
  const turn = tilt === 0 ? '' : ` rotate(${tenth(tilt)} ${tenth(width / 2)} ${tenth(height / 2)})`
  const filter = item.colour === null ? '' : ` filter="url(#tint${index})"`
  return `<g transform="${place}${turn} scale(${scale})"${filter}><g transform="${toOrigin}">${body}</g></g>`
}

/** Shadow on the ground, and the glow of lights at night. */
function surroundings(item: SceneItem, layout: SceneLayout): string {
  const parts: string[] = []
  if (throwsShadow(item, layout)) {
    const thickness = Math.min(item.width, item.height) * 0.08
    const at = `cx="${tenth(item.x)}" cy="${tenth(item.y - thickness * 0.3)}"`
    parts.push(
      `<ellipse ${at} rx="${tenth(item.width * 0.48)}" ry="${tenth(thickness)}" fill="url(#shadow)"/>`,
    )
  }
  if (layout.spec.time === 'night' && GLOWING.has(item.label)) {
    const at = `cx="${tenth(item.x)}" cy="${tenth(item.y - item.height / 2)}"`
    parts.push(`<circle ${at} r="${tenth(Math.max(item.width, item.height) * 0.85)}" fill="url(#halo)"/>`)
  }
  return parts.join('')
}

function waterLine(item: SceneItem, { spec }: SceneLayout): string {
  if (item.kind !== 'water' || (spec.place !== 'sea' && spec.place !== 'beach')) return ''
  const radii = `rx="${tenth(item.width * 0.52)}" ry="${tenth(Math.min(item.width, item.height) * 0.07)}"`
  return `<ellipse cx="${tenth(item.x)}" cy="${tenth(item.y)}" ${radii} fill="#fff" opacity="0.35"/>`
}
