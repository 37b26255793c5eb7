// A scene in words, so that whoever asked knows what was drawn and what was not.
import type { SceneObject, SceneSpec } from './scene/spec.ts'
import { pluralOf } from './scene/vocabulary.ts'

export interface DrawnScene {
  readonly spec: SceneSpec
  readonly sign: string | null
  readonly unusedWords: readonly string[]
}

/** Unused words that are told; more would bury the rest. */
const WORDS_TOLD_MAX = 20

/** Two or three sentences: how the picture was made, what it shows, which words it does not show. */
export function describeScene({ spec, sign, unusedWords }: DrawnScene): string {
  const things = spec.objects.map(nameObject)
  if (sign !== null) things.push(`a sign saying "${sign}"`)
  const shown = things.length > 0 ? listOf(things) : 'an empty scene'
  const made = `Composed from ready drawings by rules, not painted by a diffusion model: ${shown}${surroundings(spec)}.`
  if (unusedWords.length === 0) return made
  const told = unusedWords.slice(0, WORDS_TOLD_MAX).join(', ')
  return `${made} Words not used: ${told}${unusedWords.length > WORDS_TOLD_MAX ? ' and more' : ''}.`
}

function nameObject({ label, count, colour }: SceneObject): string {
  const noun = [colour, count === 1 ? label : pluralOf(label)].filter((word) => word !== null).join(' ')
  if (count > 1) return `${count} ${noun}`
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`
}

function surroundings({ place, time, weather, backdrop }: SceneSpec): string {
  const parts = [place === 'none' ? `${backdrop ?? 'plain'} background` : place]
  if (time !== 'day') parts.push(time)
  if (weather !== 'clear') parts.push(weather)
  return ` (${parts.join(', ')})`
}

const listOf = (parts: readonly string[]) =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
