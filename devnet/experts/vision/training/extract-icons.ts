// Cuts the composer's drawings out of the noto package: only what the vocabulary names, with tight boxes.
//   tsx extract-icons.ts <data folder of sprites.ts>
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readIconSets } from './material.ts'

const folder = process.argv[2]
if (!folder) throw new Error('Usage: extract-icons.ts <data folder>')
const icons = readIconSets(folder).get('noto')
if (!icons) throw new Error('Run sprites.ts first.')
const credit =
  'Noto Emoji, copyright Google Inc., Apache License 2.0 (noto-license.txt), from @iconify-json/noto 1.2.9; unchanged drawings, boxes of the visible part added.'
const rows = [...icons.values()].map((icon) => JSON.stringify(icon))
const file = fileURLToPath(new URL('../../image/noto-icons.json', import.meta.url))
writeFileSync(file, `{"credit":${JSON.stringify(credit)},"icons":[\n${rows.join(',\n')}\n]}\n`)
