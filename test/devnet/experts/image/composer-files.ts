// The composer's files as the tests use them: sources, run through tsx.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readIconFile } from '../../../../devnet/experts/image/icon-file.ts'
import {
  createImageComposer,
  type ImageComposerOptions,
} from '../../../../devnet/experts/image/image-composer.ts'
import { parseVocabulary } from '../../../../devnet/experts/image/scene/vocabulary.ts'

const pathOf = (name: string) =>
  fileURLToPath(new URL(`../../../../devnet/experts/image/${name}`, import.meta.url))

export const composerFiles: ImageComposerOptions = {
  vocabularyPath: pathOf('vocabulary.tsv'),
  iconsPath: pathOf('noto-icons.json'),
  fontPath: pathOf('lato-bold.ttf'),
  rendererPath: pathOf('render-main.ts'),
  rendererExecArgv: ['--import', import.meta.resolve('tsx')],
}

export const newComposer = (options: Partial<ImageComposerOptions> = {}) =>
  createImageComposer({ ...composerFiles, ...options })

export const vocabulary = parseVocabulary(readFileSync(composerFiles.vocabularyPath, 'utf8'))
export const readIcons = () => readIconFile(composerFiles.iconsPath)
