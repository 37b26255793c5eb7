// Scenes nobody asked for: random nouns, numbers, colours, relations, places, times and weathers.
import { COLOURS } from '../../image/scene/colours.ts'
import type { SeededRandom } from '../../image/scene/random.ts'
import {
  PLACES,
  RELATIONS,
  type SceneObject,
  type SceneRelation,
  type SceneSpec,
  TIMES,
  WEATHERS,
} from '../../image/scene/spec.ts'
import type { Vocabulary, VocabularyEntry } from '../../image/scene/vocabulary.ts'

const RANDOM_RELATIONS = RELATIONS.filter((relation) => relation !== 'below')
/** Places whose picture does not show the weather. */
const WITHOUT_WEATHER: ReadonlySet<string> = new Set(['space', 'room', 'underwater', 'none'])

export interface RandomSceneOptions {
  readonly vocabulary: Vocabulary
  /** Whether the icon set draws the noun. */
  readonly isDrawn: (entry: VocabularyEntry) => boolean
  /** Things at most; 1 to this many are drawn. */
  readonly thingsMax: number
}

/** A random scene; the same random stream gives the same scene. */
export function randomScene(random: SeededRandom, options: RandomSceneOptions): SceneSpec {
  const wanted = 1 + random.below(options.thingsMax)
  const drawn = options.vocabulary.entries.filter(options.isDrawn)
  const objects: SceneObject[] = []
  for (let total = 0; total < wanted; ) {
    const { label } = random.pick(drawn)
    if (objects.some((object) => object.label === label)) continue
    const several = random.next() < 0.6 ? 2 : 3
    const count = Math.min(wanted - total, random.next() < 0.72 ? 1 : several)
    const colour = random.next() < 0.2 ? random.pick([...COLOURS.keys()]) : null
    objects.push({ label, count, colour, size: random.next() < 0.15 ? random.pick([0.6, 0.7, 1.4]) : 1 })
    total += count
  }
  const place = random.pick(PLACES)
  return {
    objects,
    relations: randomRelations(random, objects.length),
    place,
    time: random.next() < 0.55 ? 'day' : random.pick(TIMES),
    weather: WITHOUT_WEATHER.has(place) || random.next() < 0.6 ? 'clear' : random.pick(WEATHERS),
    backdrop: place === 'none' && random.next() < 0.5 ? random.pick([...COLOURS.keys()]) : null,
  }
}

function randomRelations(random: SeededRandom, objects: number): SceneRelation[] {
  const relations: SceneRelation[] = []
  for (let from = 1; from < objects; from++) {
    if (random.next() < 0.3)
      relations.push({ from, relation: random.pick(RANDOM_RELATIONS), to: from - 1, order: 0 })
  }
  return relations
}

/** Indices of place, time and weather as the network's scene heads know them; -1 where a picture cannot show it. */
export function sceneTruth(spec: SceneSpec): [place: number, time: number, weather: number] {
  const time = spec.place === 'space' ? -1 : TIMES.indexOf(spec.time)
  return [PLACES.indexOf(spec.place), time, WEATHERS.indexOf(spec.weather)]
}
