// The recogniser's files, and pictures the tests make themselves.
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Resvg } from '@resvg/resvg-js'
import { composeScene } from '../../../../devnet/experts/image/compose-scene.ts'
import {
  createVisionRecogniser,
  type VisionRecogniserOptions,
} from '../../../../devnet/experts/vision/vision-recogniser.ts'
import { composerFiles, readIcons, vocabulary } from '../image/composer-files.ts'

const pathOf = (name: string) =>
  fileURLToPath(new URL(`../../../../devnet/experts/vision/${name}`, import.meta.url))
const engPackage = createRequire(import.meta.url).resolve('@tesseract.js-data/eng/package.json')

export const visionFiles: VisionRecogniserOptions = {
  modelPath: pathOf('model.onnx'),
  vocabularyPath: pathOf('model.json'),
  tesseractDataPath: path.join(path.dirname(engPackage), '4.0.0_best_int'),
}

export const newRecogniser = (options: Partial<VisionRecogniserOptions> = {}) =>
  createVisionRecogniser({ ...visionFiles, ...options })

/** PNG of an SVG; text in it is Lato. */
export function renderSvg(svg: string): Uint8Array {
  const font = { loadSystemFonts: false, fontFiles: [composerFiles.fontPath] }
  return new Uint8Array(new Resvg(svg, { font }).render().asPng())
}

/** PNG of a prompt. */
export async function drawPrompt(prompt: string, seed: number): Promise<Uint8Array> {
  const tools = { vocabulary, icons: await readIcons() }
  return renderSvg(composeScene({ prompt, seed, width: 512, height: 512 }, tools).svg)
}

/** PNG of black lines of print on white. */
export function drawText(lines: readonly string[]): Uint8Array {
  const rows = lines.map((line, row) => `<text x="30" y="${60 + row * 50}" font-size="28">${line}</text>`)
  const height = 60 + lines.length * 50
  return renderSvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="${height}"><rect width="900" height="${height}" fill="white"/><g font-family="Lato" fill="#111">${rows.join('')}</g></svg>`,
  )
}
