// Where things are when the prompt does not say.
import type { Place, SceneObject, Time, Weather } from '../scene/spec.ts'
import type { Vocabulary } from '../scene/vocabulary.ts'

interface Said {
  readonly objects: readonly SceneObject[]
  readonly time: Time | null
  readonly weather: Weather | null
}

/** A place that suits the things: a whale is at sea, food lies on a table. */
export function guessPlace({ objects, time, weather }: Said, vocabulary: Vocabulary): Place {
  const has = (...labels: string[]) => objects.some((object) => labels.includes(object.label))
  const kinds = objects.map((object) => vocabulary.byLabel.get(object.label)?.kind)
  if (has('planet', 'ufo', 'alien') || (has('rocket') && objects.length < 3)) return 'space'
  if (has('octopus', 'shark', 'fish') && !has('ship', 'sailboat')) return 'underwater'
  if (kinds.includes('water')) return 'sea'
  if (has('cactus', 'camel')) return 'desert'
  if (time !== null || weather !== null) return 'meadow'
  if (kinds.length > 0 && kinds.every((kind) => kind === 'small')) return 'room'
  if (has('taxi', 'bus', 'tram', 'ambulance', 'firetruck', 'truck')) return 'city'
  return objects.length > 0 ? 'meadow' : 'none'
}
