// The composer's icon sets and random scenes as pixels, for training and evaluation.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Resvg } from '@resvg/resvg-js'
import type { Icon, IconSet } from '../../image/scene/icons.ts'
import { parseVocabulary, type VocabularyEntry } from '../../image/scene/vocabulary.ts'

/** The vocabulary that composer and network share. */
export const vocabulary = parseVocabulary(
  readFileSync(new URL('../../image/vocabulary.tsv', import.meta.url), 'utf8'),
)

/** Icon sets by name, as `sprites.ts` wrote them into the folder. */
export function readIconSets(folder: string): ReadonlyMap<string, IconSet> {
  const sets: Record<string, Icon[]> = JSON.parse(readFileSync(path.join(folder, 'icons.json'), 'utf8'))
  return new Map(
    Object.entries(sets).map(([name, icons]) => [name, new Map(icons.map((icon) => [icon.name, icon]))]),
  )
}

/** Whether a set draws a noun. */
export const drawnBy = (icons: IconSet) => (entry: VocabularyEntry) =>
  entry.icons.some((name) => icons.has(name))

/** Red, green and blue bytes of an SVG drawn on nothing. */
export function renderRgb(svg: string, width: number): Buffer {
  const { pixels } = new Resvg(svg, {
    font: { loadSystemFonts: false },
    fitTo: { mode: 'width', value: width },
  }).render()
  const rgb = Buffer.alloc((pixels.length / 4) * 3)
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) pixels.copy(rgb, to, from, from + 3)
  return rgb
}
