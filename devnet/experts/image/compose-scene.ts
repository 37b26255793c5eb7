// A prompt → SVG. Pure: the same words, seed and size give the same text.

import { describeScene } from './describe-scene.ts'
import { parsePrompt } from './prompt/parse-prompt.ts'
import { readQuote } from './prompt/read-quote.ts'
import { drawScene, type SceneBox } from './scene/draw.ts'
import type { IconSet } from './scene/icons.ts'
import { layoutScene } from './scene/layout.ts'
import { drawSign } from './scene/sign.ts'
import type { SceneSpec } from './scene/spec.ts'
import type { Vocabulary } from './scene/vocabulary.ts'

export interface SceneRequest {
  readonly prompt: string
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly seed: number
  /** Draws the things alone, on nothing. */
  readonly isTransparent?: boolean | undefined
}

export interface ComposedScene {
  readonly svg: string
  readonly spec: SceneSpec
  readonly boxes: readonly SceneBox[]
  readonly usedWords: readonly string[]
  readonly unusedWords: readonly string[]
  readonly description: string
}

/** Composes the picture of a prompt. Every text gives a scene, if need be an empty one. */
export function composeScene(
  request: SceneRequest,
  { vocabulary, icons }: { vocabulary: Vocabulary; icons: IconSet },
): ComposedScene {
  const quote = readQuote(request.prompt)
  const { spec, usedWords, unusedWords } = parsePrompt(quote.rest, vocabulary)
  const aspect = request.width / request.height
  const layout = layoutScene(spec, { vocabulary, icons, seed: String(request.seed), aspect })
  const overlay = quote.text === null ? '' : drawSign(quote.text, layout.frame)
  const { svg, boxes } = drawScene(layout, { ...request, overlay })
  return {
    svg,
    spec,
    boxes,
    usedWords: [...new Set([...usedWords, ...quote.words])],
    unusedWords,
    description: describeScene({ spec, sign: quote.text, unusedWords }),
  }
}
