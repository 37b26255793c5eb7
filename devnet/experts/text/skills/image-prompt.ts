// A short image prompt out of a text: what can be seen, and nothing else.
import type { Vocabulary } from '../../image/scene/vocabulary.ts'
import { splitSentences } from '../language/sentences.ts'
import type { Pace } from '../pace.ts'
import { type ReadScene, readScene, type SceneThing } from './read-scene.ts'

/** Texts of so many words are one scene; of longer ones the best sentence is taken. */
const ONE_SCENE_WORDS = 50
/** Sentences that are looked at. */
const SENTENCES_MAX = 1_000
const FALLBACK_WORDS = 20

/** Words that ask for a picture, or announce a text, and are no part of it. */
const ASKING =
  /\b(?:please|can you|could you|would you|i(?:'d| would)? (?:like|want)(?: to have| you to)?|we would like|(?:transcript|text|description)\s*:|paint|draw|show|make|create|generate|give|imagine)(?:\s+(?:me|us))?\b|\b(?:a |an |the )?(?:picture|image|photo|photograph|painting|drawing|illustration)s?\s+of\b/gi

/** @returns one prompt; of a text without anything to see, its first words */
export async function writeImagePrompt(text: string, vocabulary: Vocabulary, pace: Pace): Promise<string> {
  const asked = text.replace(ASKING, ' ')
  if (asked.split(/\s+/, ONE_SCENE_WORDS + 1).length <= ONE_SCENE_WORDS) {
    return writeScene(readScene(asked, vocabulary)) || firstWords(asked)
  }
  const [best] = await rankScenes(text, vocabulary, pace)
  return best?.prompt || firstWords(asked)
}

/** @returns up to `count` prompts in the order of the text, no two alike */
export async function writeImagePrompts(
  text: string,
  options: { readonly count: number; readonly vocabulary: Vocabulary; readonly pace: Pace },
): Promise<string[]> {
  const scenes = await rankScenes(text, options.vocabulary, options.pace)
  const chosen = scenes.filter(({ prompt }) => prompt !== '').slice(0, options.count)
  const prompts = [...new Set(chosen.sort((a, b) => a.order - b.order).map(({ prompt }) => prompt))]
  return prompts.length > 0
    ? prompts
    : [await writeImagePrompt(text, options.vocabulary, options.pace)].filter(Boolean)
}

interface RankedScene {
  readonly prompt: string
  readonly order: number
  readonly weight: number
}

/** The sentences of a text as scenes, those with most to see first; the only place, and the first time and weather, hold for all. */
async function rankScenes(text: string, vocabulary: Vocabulary, pace: Pace): Promise<RankedScene[]> {
  const sentences = (await splitSentences(text, pace)).slice(0, SENTENCES_MAX)
  const scenes: ReadScene[] = []
  for (const sentence of sentences) {
    await pace.spend(sentence.length * 60)
    scenes.push(readScene(sentence.replace(ASKING, ' '), vocabulary))
  }
  const places = new Set(scenes.map(({ place }) => place).filter((said) => said !== null))
  const place = places.size === 1 ? ([...places][0] ?? null) : null
  // A story begins by saying when and in which weather; what comes later is an event.
  const { weather = null, time = null } = scenes[0] ?? {}
  return scenes
    .map((scene, order) => {
      const whole = {
        ...scene,
        place: scene.place ?? place,
        weather: scene.weather ?? weather,
        time: scene.time ?? time,
      }
      return { prompt: scene.things.length > 0 ? writeScene(whole) : '', order, weight: weigh(scene) }
    })
    .sort((a, b) => b.weight - a.weight || a.order - b.order)
}

function weigh({ things, place, weather, time }: ReadScene): number {
  const seen = things.reduce((sum, { isKnown, looks }) => sum + (isKnown ? 2 : 1) + looks.length, 0)
  return seen + [place, weather, time].filter((part) => part !== null).length
}

/** "two yellow birds over the sea in the morning" */
export function writeScene({ things, place, weather, time }: ReadScene): string {
  const words: string[] = []
  for (const thing of things) {
    if (words.length > 0) words.push(thing.link ?? 'and')
    words.push(nameThing(thing))
  }
  for (const part of [place, weather, time]) if (part !== null) words.push(part)
  return words.join(' ').replace(/\s+/g, ' ').trim()
}

function nameThing({ article, looks, noun }: SceneThing): string {
  return [article, ...looks, noun].filter((word) => word !== '').join(' ')
}

function firstWords(text: string): string {
  const words = text
    .replace(/[^\p{L}\p{N}\s'’-]+/gu, ' ')
    .trim()
    .split(/\s+/, FALLBACK_WORDS)
  return words.join(' ')
}
