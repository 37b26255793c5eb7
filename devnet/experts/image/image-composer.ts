// Pictures from words: composes a scene from drawings and renders it in a process of its own.
import { readFile } from 'node:fs/promises'
import { composeScene } from './compose-scene.ts'
import { ImageComposerError } from './errors.ts'
import { readIconFile } from './icon-file.ts'
import { createRenderer } from './renderer.ts'
import type { IconSet } from './scene/icons.ts'
import { parseVocabulary, type Vocabulary } from './scene/vocabulary.ts'

export interface ComposeRequest {
  /** Read up to its first 4,000 characters. */
  readonly prompt: string
  /** Pixels, 64 to 2048. */
  readonly width: number
  readonly height: number
  /** An integer; the same words, size and seed give the same bytes. */
  readonly seed: number
  readonly isTransparent?: boolean
  readonly signal?: AbortSignal
  /** Waiting included; 20 s by default. */
  readonly timeoutMs?: number
}

export interface ComposedPicture {
  readonly png: Uint8Array
  readonly width: number
  readonly height: number
  readonly usedWords: readonly string[]
  readonly unusedWords: readonly string[]
  /** What was drawn and how, and what was not. */
  readonly description: string
  readonly seed: number
}

export interface ImageComposer {
  /** @throws ImageComposerError; the signal's reason when it fires */
  compose(request: ComposeRequest): Promise<ComposedPicture>
  /** Number of the rendering process while it runs, else null. */
  readonly rendererPid: number | null
  close(): Promise<void>
}

export interface ImageComposerOptions {
  /** `vocabulary.tsv` */
  readonly vocabularyPath: string
  /** `noto-icons.json` */
  readonly iconsPath: string
  /** `lato-bold.ttf`, for words in quotes. */
  readonly fontPath: string
  /** The rendering process's file: `render-main`. */
  readonly rendererPath: string
  /** Arguments for Node before that file. */
  readonly rendererExecArgv?: readonly string[]
  /** Pictures that may wait; 16 by default. */
  readonly waitingMax?: number
}

export const SIDE_MIN = 64
export const SIDE_MAX = 2048

/** A composer; drawings and process are loaded with the first picture. */
export function createImageComposer(options: ImageComposerOptions): ImageComposer {
  const renderer = createRenderer({
    entryPath: options.rendererPath,
    execArgv: options.rendererExecArgv,
    waitingMax: options.waitingMax ?? 16,
  })
  let drawings: Promise<{ vocabulary: Vocabulary; icons: IconSet }> | null = null
  return {
    get rendererPid() {
      return renderer.pid
    },
    async compose(request) {
      checkRequest(request)
      const { signal, timeoutMs = 20_000, width, height, seed } = request
      signal?.throwIfAborted()
      drawings ??= readDrawings(options)
      const { svg, usedWords, unusedWords, description } = composeScene(request, await drawings)
      const fontFiles = [options.fontPath]
      const png = await renderer.render({ svg, width, height, fontFiles, signal, timeoutMs })
      return { png, width, height, usedWords, unusedWords, description, seed }
    },
    close: () => renderer.close(),
  }
}

async function readDrawings({ vocabularyPath, iconsPath }: ImageComposerOptions) {
  const [table, icons] = await Promise.all([readFile(vocabularyPath, 'utf8'), readIconFile(iconsPath)])
  return { vocabulary: parseVocabulary(table), icons }
}

function checkRequest({ width, height, seed, timeoutMs = 1 }: ComposeRequest): void {
  for (const [name, side] of Object.entries({ width, height })) {
    if (!Number.isInteger(side) || side < SIDE_MIN || side > SIDE_MAX) {
      throw new ImageComposerError('invalid', `The ${name} is an integer from ${SIDE_MIN} to ${SIDE_MAX}.`)
    }
  }
  if (!Number.isSafeInteger(seed)) throw new ImageComposerError('invalid', 'The seed is an integer.')
  if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new ImageComposerError('invalid', 'The time limit is a positive number of milliseconds.')
  }
}
