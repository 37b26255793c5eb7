// Draws training material with the composer:
//   tsx generate.ts <data folder> backgrounds <number>   → backgrounds.bin
//   tsx generate.ts <data folder> scenes <number>        → composed.bin, composed.json
// Pictures are 176 x 176 x RGB, one after the other.
import { closeSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { paintBackground } from '../../image/scene/background.ts'
import { drawScene } from '../../image/scene/draw.ts'
import { frameOf, layoutScene } from '../../image/scene/layout.ts'
import { seededRandom } from '../../image/scene/random.ts'
import { TRAINING_SETS } from './icon-sets.ts'
import { drawnBy, readIconSets, renderRgb, vocabulary } from './material.ts'
import { randomScene, sceneTruth } from './random-scene.ts'

const SIDE = 176
/** Share of the composed scenes that is drawn with the composer's own set. */
const NOTO_SHARE = 0.5

const [folder, what, number] = process.argv.slice(2)
if (!folder || !number) throw new Error('Usage: generate.ts <data folder> backgrounds|scenes <number>')
if (what === 'backgrounds') writeBackgrounds(folder, Number(number))
else writeScenes(folder, Number(number))

function writeBackgrounds(data: string, count: number): void {
  const file = openSync(path.join(data, 'backgrounds.bin'), 'w')
  for (let index = 0; index < count; index++) {
    const seed = `back${index}`
    const spec = randomScene(seededRandom(seed), { vocabulary, isDrawn: () => true, thingsMax: 1 })
    const frame = frameOf(spec, { seed, aspect: 1 })
    const { defs, body } = paintBackground(frame, spec, seed)
    const view = `viewBox="0 0 ${frame.width} ${frame.height}"`
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${view}><defs>${defs}</defs>${body}</svg>`
    writeSync(file, renderRgb(svg, SIDE))
  }
  closeSync(file)
}

function writeScenes(data: string, count: number): void {
  const sets = readIconSets(data)
  // The renderer aborts the process on some scenes of fluent-emoji, whose icons carry SVG filters.
  const names = TRAINING_SETS.filter((name) => name !== 'fluent-emoji')
  const labels = vocabulary.entries.map((entry) => entry.label)
  const part = path.join(data, 'composed.bin.part')
  const file = openSync(part, 'w')
  const truths: unknown[] = []
  for (let index = 0; index < count; index++) {
    const seed = `train${index}`
    const random = seededRandom(seed)
    const icons = sets.get(random.next() < NOTO_SHARE ? 'noto' : random.pick(names))
    if (!icons) throw new Error('Run sprites.ts first: an icon set is missing.')
    const spec = randomScene(random, { vocabulary, isDrawn: drawnBy(icons), thingsMax: 6 })
    const layout = layoutScene(spec, { vocabulary, icons, seed, aspect: 1 })
    const { svg, boxes } = drawScene(layout, { width: SIDE, height: SIDE })
    writeSync(file, renderRgb(svg, SIDE))
    const pixels = (share: number) => Math.round(share * SIDE * 100) / 100
    const truth = boxes.map(({ label, x, y, width, height }) => [
      labels.indexOf(label),
      pixels(x + width / 2),
      pixels(y + height / 2),
      pixels(width),
      pixels(height),
    ])
    truths.push([sceneTruth(spec), truth])
    if ((index + 1) % 1000 === 0) process.stdout.write(`${index + 1} scenes\n`)
  }
  closeSync(file)
  writeFileSync(path.join(data, 'composed.json'), JSON.stringify(truths))
  renameSync(part, path.join(data, 'composed.bin'))
}
