// Counts how well a network reads composed scenes.
import { drawScene, type SceneBox } from '../../image/scene/draw.ts'
import type { IconSet } from '../../image/scene/icons.ts'
import { layoutScene } from '../../image/scene/layout.ts'
import { seededRandom } from '../../image/scene/random.ts'
import { PLACES, type SceneSpec, TIMES, WEATHERS } from '../../image/scene/spec.ts'
import type { Look, Network } from '../network.ts'
import { groupLabels } from '../recognition.ts'
import { drawnBy, renderRgb, vocabulary } from './material.ts'
import { randomScene, sceneTruth } from './random-scene.ts'

/** Side of the pictures in pixels. */
const SIDE = 512

/** A scene, what it shows, and what the network says. */
export interface Reading {
  readonly spec: SceneSpec
  readonly truth: readonly SceneBox[]
  readonly look: Look
}

export interface SceneSeries {
  readonly icons: IconSet
  /** Other words give other scenes. */
  readonly seed: string
  readonly scenes: number
}

/** Draws random scenes of 1 to 5 things and lets the network look at each. */
export async function readScenes(network: Network, { icons, seed, scenes }: SceneSeries): Promise<Reading[]> {
  const readings: Reading[] = []
  for (let index = 0; index < scenes; index++) {
    const random = seededRandom(`${seed}${index}`)
    const spec = randomScene(random, { vocabulary, isDrawn: drawnBy(icons), thingsMax: 5 })
    const layout = layoutScene(spec, { vocabulary, icons, seed: `${seed}${index}`, aspect: 1 })
    const { svg, boxes } = drawScene(layout, { width: SIDE, height: SIDE })
    const data = new Uint8Array(renderRgb(svg, SIDE))
    readings.push({ spec, truth: boxes, look: await network.look({ width: SIDE, height: SIDE, data }) })
  }
  return readings
}

export interface Figures {
  readonly precision: number
  readonly recall: number
  readonly microF1: number
  /** Expected calibration error of label scores from 0.05 on, ten bins. */
  readonly ece: number
  /** Share of found labels whose number is right. */
  readonly count: number
  readonly place: number
  readonly time: number
  readonly weather: number
}

/** The figures of a series at a threshold. */
export function figuresOf(readings: readonly Reading[], threshold: number): Figures {
  let [hits, misses, falseLabels, rightCounts] = [0, 0, 0, 0]
  for (const { truth, look } of readings) {
    const wanted = countLabels(truth)
    const found = groupLabels(look.candidates, threshold)
    for (const { name, count } of found) {
      if (!wanted.has(name)) falseLabels++
      else hits++
      if (wanted.get(name) === count) rightCounts++
    }
    misses += [...wanted.keys()].filter((name) => !found.some((label) => label.name === name)).length
  }
  return {
    precision: hits / Math.max(1, hits + falseLabels),
    recall: hits / Math.max(1, hits + misses),
    microF1: (2 * hits) / Math.max(1, 2 * hits + misses + falseLabels),
    ece: calibrationError(readings),
    count: rightCounts / Math.max(1, hits),
    place: rightShare(readings, 0),
    time: rightShare(readings, 1),
    weather: rightShare(readings, 2),
  }
}

function countLabels(truth: readonly SceneBox[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { label } of truth) counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}

function calibrationError(readings: readonly Reading[]): number {
  const bins = Array.from({ length: 10 }, () => ({ score: 0, right: 0 }))
  let labels = 0
  for (const { truth, look } of readings) {
    const wanted = countLabels(truth)
    for (const { name, score } of groupLabels(look.candidates, 0.05)) {
      const bin = bins[Math.min(9, Math.floor(score * 10))]
      if (!bin) continue
      bin.score += score
      bin.right += wanted.has(name) ? 1 : 0
      labels++
    }
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.score - bin.right), 0) / Math.max(1, labels)
}

/** Share of scenes whose place (0), time (1) or weather (2) is read right, of those that show it. */
function rightShare(readings: readonly Reading[], head: 0 | 1 | 2): number {
  let [right, shown] = [0, 0]
  for (const { spec, look } of readings) {
    const truth = sceneTruth(spec)[head]
    if (truth < 0) continue
    shown++
    const said = [look.place, look.time, look.weather][head]?.name
    if (said === [PLACES, TIMES, WEATHERS][head]?.[truth]) right++
  }
  return right / Math.max(1, shown)
}
