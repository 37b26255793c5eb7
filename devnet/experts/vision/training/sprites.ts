// Renders every icon of every set to a trimmed picture, for pasting in training and for tight boxes:
//   tsx sprites.ts <folder of npm packages> <output folder>
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Icon } from '../../image/scene/icons.ts'
import { parseVocabulary } from '../../image/scene/vocabulary.ts'
import { HELD_OUT_SETS, readSprites, TRAINING_SETS } from './icon-sets.ts'

const [modules, output] = process.argv.slice(2)
if (!modules || !output) throw new Error('Usage: sprites.ts <folder of npm packages> <output folder>')
const vocabularyFile = new URL('../../image/vocabulary.tsv', import.meta.url)
const vocabulary = parseVocabulary(readFileSync(vocabularyFile, 'utf8'))
const labels = vocabulary.entries.map((entry) => entry.label)
const sets = [...TRAINING_SETS, ...HELD_OUT_SETS]
const index: unknown[] = []
const icons: Record<string, Icon[]> = {}
const chunks: Buffer[] = []
let offset = 0
for (const [number, set] of sets.entries()) {
  const drawn = new Map<string, Icon>()
  for (const { label, icon, width, height, pixels } of readSprites(modules, set, vocabulary)) {
    index.push([labels.indexOf(label), number, width, height, offset])
    chunks.push(pixels)
    offset += pixels.length
    if (!drawn.has(icon.name)) drawn.set(icon.name, icon)
  }
  icons[set] = [...drawn.values()]
  process.stdout.write(`${set} ${drawn.size} icons\n`)
}
mkdirSync(output, { recursive: true })
writeFileSync(path.join(output, 'sprites.bin'), Buffer.concat(chunks))
writeFileSync(path.join(output, 'sprites.json'), JSON.stringify({ sets, labels, index }))
writeFileSync(path.join(output, 'icons.json'), JSON.stringify(icons))
