// Fits the score (logistic regression) and the threshold on composed scenes apart from training and evaluation:
//   tsx calibrate.ts <data folder of sprites.ts> <scenes>
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scoreOf } from '../candidates.ts'
import { loadNetwork } from '../network.ts'
import { readIconSets } from './material.ts'
import { figuresOf, type Reading, readScenes } from './measure.ts'

const [folder, scenes] = process.argv.slice(2)
if (!folder || !scenes) throw new Error('Usage: calibrate.ts <data folder> <scenes>')
const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const network = await loadNetwork({ modelPath: pathOf('model.onnx'), vocabularyPath: pathOf('model.json') })
const icons = readIconSets(folder).get('noto')
if (!icons) throw new Error('Run sprites.ts first.')
const readings = await readScenes(network, { icons, seed: 'fit', scenes: Number(scenes) })
const calibration = fitScore(readings)
const rescored = readings.map((reading) => ({
  ...reading,
  look: { ...reading.look, candidates: rescore(reading) },
}))
const threshold = chooseThreshold(rescored)
const description = JSON.parse(readFileSync(pathOf('model.json'), 'utf8'))
writeFileSync(pathOf('model.json'), `${JSON.stringify({ ...description, calibration, threshold })}\n`)
process.stdout.write(`calibration ${calibration.join(' ')} threshold ${threshold}\n`)
await network.close()

function rescore({ look }: Reading) {
  const rescored = look.candidates.map((candidate) => ({
    ...candidate,
    score: scoreOf({ calibration }, candidate),
  }))
  return rescored.sort((first, second) => second.score - first.score)
}

/** P(label is on the picture | objectness, class probability), by gradient descent on the log loss. */
function fitScore(all: readonly Reading[]): [number, number, number] {
  const logit = (value: number) => Math.log(Math.max(value, 1e-6) / Math.max(1 - value, 1e-6))
  const rows = all.flatMap(({ truth, look }) =>
    look.candidates.map((candidate) => ({
      objectness: logit(candidate.objectness),
      classProbability: logit(candidate.classProbability),
      isRight: truth.some((box) => box.label === candidate.label) ? 1 : 0,
    })),
  )
  let [offset, onObjectness, onClass] = [0, 1, 1]
  for (let round = 0; round < 4000; round++) {
    let [first, second, third] = [0, 0, 0]
    for (const { objectness, classProbability, isRight } of rows) {
      const sum = offset + onObjectness * objectness + onClass * classProbability
      const error = 1 / (1 + Math.exp(-sum)) - isRight
      first += error
      second += error * objectness
      third += error * classProbability
    }
    offset -= (0.1 * first) / rows.length
    onObjectness -= (0.1 * second) / rows.length
    onClass -= (0.1 * third) / rows.length
  }
  const round = (value: number) => Math.round(value * 10_000) / 10_000
  return [round(offset), round(onObjectness), round(onClass)]
}

/** The lowest threshold that leaves a margin above the 0.95 precision that is promised. */
function chooseThreshold(all: readonly Reading[]): number {
  const choices = [0.6, 0.65, 0.7, 0.75, 0.8, 0.85]
  return choices.find((choice) => figuresOf(all, choice).precision >= 0.97) ?? 0.85
}
