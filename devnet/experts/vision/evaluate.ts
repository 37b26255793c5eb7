// Prints the acceptance table of the model that ships:
//   tsx evaluate.ts [--scenes 300] [--seed unseen] [--data <folder of training/sprites.ts>] [--photographs <folder>]
// Without --data only the composer's own drawings are tried; with it also the sets that were never trained on.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readIconFile } from '../image/icon-file.ts'
import { paintBackground } from '../image/scene/background.ts'
import { frameOf } from '../image/scene/layout.ts'
import { seededRandom } from '../image/scene/random.ts'
import { DEFAULT_LIMITS, decodePicture, type Pixels } from './decode-picture.ts'
import { loadNetwork, type Network, thresholdFor } from './network.ts'
import { groupLabels } from './recognition.ts'
import { readIconSets, renderRgb, vocabulary } from './training/material.ts'
import { type Figures, figuresOf, readScenes } from './training/measure.ts'
import { randomScene } from './training/random-scene.ts'

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: '300' },
    seed: { type: 'string', default: 'unseen' },
    data: { type: 'string' },
    photographs: { type: 'string' },
    model: { type: 'string', default: fileURLToPath(new URL('.', import.meta.url)) },
  },
})
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const network = await loadNetwork({
  modelPath: path.join(values.model, 'model.onnx'),
  vocabularyPath: path.join(values.model, 'model.json'),
})
const { threshold } = network.description
const say = (line: string) => process.stdout.write(`${line}\n`)

async function evaluateSets(): Promise<void> {
  say('set                threshold  F1     precision recall  counts place  time   weather ECE')
  const sets = values.data ? readIconSets(values.data) : new Map()
  const noto = await readIconFile(here('../image/noto-icons.json'))
  const series = new Map([['noto (composer)', noto], ...[...sets].filter(([name]) => name !== 'noto')])
  for (const [name, icons] of series) {
    // The renderer aborts the process on some scenes of this set, whose icons carry filters.
    if (name === 'fluent-emoji') continue
    const seed = `${values.seed}-${name}-`
    const readings = await readScenes(network, { icons, seed, scenes: Number(values.scenes) })
    for (const at of [threshold, 0.5]) say(row(name, at, figuresOf(readings, at)))
  }
}

function row(name: string, at: number, figures: Figures): string {
  const { microF1, precision, recall, count, place, time, weather, ece } = figures
  const numbers = [microF1, precision, recall, count, place, time, weather, ece]
  return `${name.padEnd(18)} ${at.toFixed(2).padEnd(10)} ${numbers.map((value) => value.toFixed(3).padEnd(7)).join(' ')}`
}

async function evaluateEmptyPictures(): Promise<void> {
  for (const [name, paint] of Object.entries(EMPTY_PICTURES))
    say(`${name.padEnd(22)} ${await tell(network, paint())}`)
  let wrong = 0
  for (let index = 0; index < 40; index++) {
    const look = await network.look(emptyLandscape(`empty${index}`))
    if (groupLabels(look.candidates, thresholdFor(look, network.description)).length > 0) wrong++
  }
  say(`landscapes without things that get a label: ${wrong} of 40`)
}

const SIDE = 512

function flat(colourAt: (x: number, y: number) => readonly number[]): Pixels {
  const data = new Uint8Array(SIDE * SIDE * 3)
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) data.set(colourAt(x, y), (y * SIDE + x) * 3)
  }
  return { width: SIDE, height: SIDE, data }
}

const noise = seededRandom('noise')
const EMPTY_PICTURES: Record<string, () => Pixels> = {
  white: () => flat(() => [255, 255, 255]),
  black: () => flat(() => [0, 0, 0]),
  grey: () => flat(() => [128, 128, 128]),
  blue: () => flat(() => [40, 90, 200]),
  noise: () => flat(() => [noise.below(256), noise.below(256), noise.below(256)]),
  gradient: () => flat((x, y) => [x / 2, y / 2, 128]),
  stripes: () => flat((x) => (x % 64 < 32 ? [230, 230, 230] : [60, 60, 60])),
  chequers: () => flat((x, y) => ((x >> 5) % 2 === (y >> 5) % 2 ? [240, 240, 240] : [20, 20, 20])),
}

function emptyLandscape(seed: string): Pixels {
  const spec = randomScene(seededRandom(seed), { vocabulary, isDrawn: () => true, thingsMax: 1 })
  const frame = frameOf(spec, { seed, aspect: 1 })
  const { defs, body } = paintBackground(frame, spec, seed)
  const view = `viewBox="0 0 ${frame.width} ${frame.height}"`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${view}><defs>${defs}</defs>${body}</svg>`
  return { width: SIDE, height: SIDE, data: new Uint8Array(renderRgb(svg, SIDE)) }
}

async function evaluatePhotographs(folder: string): Promise<void> {
  let [wrong, total] = [0, 0]
  for (const name of (await readdir(folder)).sort()) {
    const { pixels } = await decodePicture(await readFile(path.join(folder, name)), DEFAULT_LIMITS)
    const look = await network.look(pixels)
    const labels = groupLabels(look.candidates, thresholdFor(look, network.description))
    if (labels.length > 0) wrong++
    total++
    say(`${name.padEnd(22)} ${await tell(network, pixels)}`)
  }
  say(`photographs that get a label: ${wrong} of ${total}`)
}

async function tell(by: Network, pixels: Pixels): Promise<string> {
  const look = await by.look(pixels)
  const { candidates, place, flatness } = look
  const labels = groupLabels(candidates, thresholdFor(look, by.description)).map(
    ({ name, score }) => `${name} ${score.toFixed(2)}`,
  )
  const strongest = candidates[0] ? `${candidates[0].label} ${candidates[0].score.toFixed(2)}` : '-'
  return `labels: ${labels.join(', ') || 'none'}; strongest: ${strongest}; place: ${place.name} ${place.score.toFixed(2)}; flatness ${flatness.toFixed(2)}`
}

await evaluateSets()
await evaluateEmptyPictures()
if (values.photographs) await evaluatePhotographs(values.photographs)
await network.close()
