// Drawings of nouns: SVG bodies with the tight box of what is visible in them.
import { COLOURS, channelsOf } from './colours.ts'
import type { VocabularyEntry } from './vocabulary.ts'

/** A drawing in its own units; `box` is the visible part, so that nothing floats above its shadow. */
export interface Icon {
  readonly name: string
  readonly body: string
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
}

/** Icon name → drawing. */
export type IconSet = ReadonlyMap<string, Icon>

/**
 * The icon of a noun. The first of its icons is drawn most of the time, so that a word keeps its face.
 *
 * @param variant - 0 to 1; below 0.7 is the first icon
 * @returns null when the set draws none of the noun's icons
 */
export function chooseIcon(icons: IconSet, entry: VocabularyEntry, variant: number): Icon | null {
  const drawn = entry.icons.flatMap((name) => icons.get(name) ?? [])
  const index = variant < 0.7 ? 0 : Math.floor(((variant - 0.7) / 0.3) * drawn.length)
  return drawn[Math.min(index, drawn.length - 1)] ?? null
}

/** The body with every id prefixed: several icons share one SVG, and their ids are the same words. */
export function scopeIds(body: string, prefix: string): string {
  return body
    .replace(/\bid="([^"]+)"/g, `id="${prefix}$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`)
    .replace(/href="#([^"]+)"/g, `href="#${prefix}$1"`)
}

const thousandth = (value: number) => Math.round(value * 1000) / 1000

/** A filter that colours a drawing by its brightness and leaves 14 % of its own colours. */
export function tintFilter(id: string, colour: string): string {
  const target = channelsOf(COLOURS.get(colour) ?? '#808080').map((value) => value / 255)
  const luminance = [0.3, 0.59, 0.11]
  const share = 0.86
  const gain = colour === 'white' ? 0.5 : 0.55
  const lift = colour === 'white' ? 0.08 : -0.12
  const rows = target.map((value, row) => {
    const mixed = luminance.map((weight, column) =>
      thousandth((row === column ? 1 - share : 0) + share * weight * (value * 0.45 + gain)),
    )
    return `${mixed.join(' ')} 0 ${thousandth(share * (value * 0.5 + lift))}`
  })
  const matrix = `<feColorMatrix type="matrix" values="${rows.join(' ')} 0 0 0 1 0"/>`
  return `<filter id="${id}" x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB">${matrix}</filter>`
}
