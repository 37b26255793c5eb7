// A recognition in words, and as JSON for programs.
import { pluralOf } from '../image/scene/vocabulary.ts'
import type { FoundLabel, Recognition } from './recognition.ts'

/** Things named in the sentence; more would be a list, not a sentence. */
const THINGS_TOLD_MAX = 8
/** Letters of the text that are quoted. */
const TEXT_TOLD_MAX = 300
/** Below this score the sentence says "probably". */
const SURE_SCORE = 0.85

/**
 * Says in one or two English sentences what a recogniser found, and what it cannot know when it found nothing.
 *
 * @param labelsKnown - how many things the recogniser was trained on
 */
export function describeRecognition(recognition: Recognition, labelsKnown: number): string {
  const { labels, text, source } = recognition
  const sentences: string[] = []
  const surroundings = tellSurroundings(recognition)
  if (labels.length > 0) sentences.push(`I see ${tellThings(labels)}${surroundings && `; ${surroundings}`}.`)
  else if (surroundings) sentences.push(`I see no thing I know; ${surroundings}.`)
  if (text !== '') sentences.push(`It says ${JSON.stringify(cut(text))}.`)
  if (!recognition.isTextRead) sentences.push('There was no time to read text.')
  if (sentences.length === 0) return tellNothing(recognition, labelsKnown)
  if (source === 'photographs') sentences.push('A detector for photographs of 80 everyday things found this.')
  return sentences.join(' ')
}

const cut = (text: string) => (text.length > TEXT_TOLD_MAX ? `${text.slice(0, TEXT_TOLD_MAX)}…` : text)

function tellNothing({ colours, width, height }: Recognition, labelsKnown: number): string {
  const [first, second] = colours
  const tones = [first?.name, second?.name].filter((name) => name !== undefined).join(' and ')
  const look = `The picture (${width} x ${height} pixels${tones && `, mostly ${tones}`}) shows nothing I recognise and no text.`
  return `${look} I am trained on drawings of ${labelsKnown} things, not photographs.`
}

function tellThings(labels: readonly FoundLabel[]): string {
  const told = labels.slice(0, THINGS_TOLD_MAX).map(tellThing)
  const more = labels.length - told.length
  if (more > 0) told.push(`${more} more kinds of things`)
  return told.length === 1 ? told.join('') : `${told.slice(0, -1).join(', ')} and ${told.at(-1)}`
}

function tellThing({ name, count, score }: FoundLabel): string {
  const certainty = score < SURE_SCORE ? 'probably ' : ''
  if (count > 1) return `${certainty}${count} ${pluralOf(name)}`
  return `${certainty}${article(name)}`
}

const article = (name: string) => `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`

/** "place: meadow at night, in the snow"; empty without a place. */
function tellSurroundings({ place, time, weather }: Recognition): string {
  if (place === null) return ''
  const when = time === null || time.name === 'day' ? '' : ` at ${time.name}`
  const weatherTold = weather === null || weather.name === 'clear' ? '' : ` in ${weather.name}`
  return `place: ${place.name}${when}${weatherTold}`
}

/** A label as programs get it. */
export interface LabelJson {
  readonly label: string
  readonly score: number
  readonly count: number
  readonly boxes: readonly (readonly [x: number, y: number, width: number, height: number])[]
}

/** The labels as JSON; boxes are shares (0 to 1) of the picture's width and height. */
export function labelsToJson(recognition: Recognition): LabelJson[] {
  return recognition.labels.map(({ name, score, count, boxes }) => ({
    label: name,
    score,
    count,
    boxes: boxes.map(({ x, y, width, height }) => [x, y, width, height] as const),
  }))
}
