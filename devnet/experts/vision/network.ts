// The trained network in onnxruntime, which looks at a picture in four views.
import { readFile } from 'node:fs/promises'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type Candidate, rankCandidates } from './candidates.ts'
import type { Pixels } from './decode-picture.ts'
import { readDetections } from './detections.ts'
import { fuseViews } from './fuse-views.ts'
import { type ModelDescription, readModelDescription } from './model-description.ts'
import { flatnessOf, mirror, type PictureTensor, toTensor } from './to-tensor.ts'

export interface Guess {
  readonly name: string
  /** Probability, 0 to 1. */
  readonly score: number
}

/** Everything the network says about a picture, nothing left out for being improbable. */
export interface Look {
  readonly candidates: Candidate[]
  /** Share of flat area; low for photographs. */
  readonly flatness: number
  readonly place: Guess
  readonly time: Guess
  readonly weather: Guess
}

export interface Network {
  readonly description: ModelDescription
  look(pixels: Pixels): Promise<Look>
  close(): Promise<void>
}

/** Cells of the network's grid are this many pixels wide. */
const STRIDE = 8

/**
 * Views beside the plain one at the model's side. A thing that is too large, too small or oddly turned for the
 * network in one view is seen in another: drawings in training were 17 to 62 pixels wide.
 */
const OTHER_VIEWS = [
  { scale: 0.8, isMirrored: false },
  { scale: 1.2, isMirrored: true },
  { scale: 1.4, isMirrored: false },
] as const

/** Whether a picture looks like a photograph rather than a drawing. */
export const isTextured = ({ flatness }: Pick<Look, 'flatness'>, { textured }: ModelDescription): boolean =>
  flatness < textured.flatnessBelow

/** Scores below are not told of this picture. */
export const thresholdFor = (look: Pick<Look, 'flatness'>, description: ModelDescription): number =>
  isTextured(look, description) ? description.textured.threshold : description.threshold

/** Loads the network and the description that belongs to it. */
export async function loadNetwork(paths: { modelPath: string; vocabularyPath: string }): Promise<Network> {
  const description = await readModelDescription(paths.vocabularyPath)
  const session = await InferenceSession.create(await readFile(paths.modelPath), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  })
  const see = async ({ width, height, data }: PictureTensor, isMirrored: boolean) => {
    const output = await session.run({ image: new Tensor('float32', data, [1, 3, height, width]) })
    const plane = (name: string) => floats(output[name], name)
    const grid = { gridWidth: width / STRIDE, gridHeight: height / STRIDE }
    const planes = { peak: plane('peak'), geometry: plane('geometry'), classes: plane('classes') }
    return { detections: readDetections({ ...grid, ...planes }, isMirrored), scene: plane('scene') }
  }
  return {
    description,
    async look(pixels) {
      const upright = toTensor(pixels, description.side)
      const { detections, scene } = await see(upright, false)
      const views = [detections]
      for (const { scale, isMirrored } of OTHER_VIEWS) {
        const tensor = toTensor(pixels, Math.round(description.side * scale))
        views.push((await see(isMirrored ? mirror(tensor) : tensor, isMirrored)).detections)
      }
      const { places, times, weathers } = description
      const afterPlaces = places.length
      return {
        candidates: rankCandidates(fuseViews(views), description),
        flatness: flatnessOf(upright),
        place: likeliest(places, scene.subarray(0, afterPlaces)),
        time: likeliest(times, scene.subarray(afterPlaces, afterPlaces + times.length)),
        weather: likeliest(weathers, scene.subarray(afterPlaces + times.length)),
      }
    },
    close: () => session.release(),
  }
}

function floats(tensor: Tensor | undefined, name: string): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error(`The model has no output "${name}" of floats.`)
  return tensor.data
}

function likeliest(names: readonly string[], scores: Float32Array): Guess {
  let best: Guess = { name: names[0] ?? '', score: scores[0] ?? 0 }
  for (const [index, name] of names.entries()) {
    const score = scores[index] ?? 0
    if (score > best.score) best = { name, score }
  }
  return best
}
