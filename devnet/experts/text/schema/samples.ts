// Values for "make up a person": plain samples, chosen by the property's name. They are told from found ones by being these.
import { keyWords } from './source.ts'

const SAMPLES: readonly (readonly [RegExp, string])[] = [
  [/^(?:first|given)$/, 'Alex'],
  [/^(?:last|family|surname)$/, 'Sample'],
  [/^(?:name|person|author|user|username|customer)$/, 'Alex Sample'],
  [/^e?mail$/, 'alex@example.com'],
  [/^(?:city|town|location|place)$/, 'Paris'],
  [/^country$/, 'France'],
  [/^(?:street|address)$/, '1 Sample Street'],
  [/^(?:phone|telephone)$/, '+1 555 0100'],
  [/^(?:company|employer|organi[sz]ation)$/, 'Sample Company'],
  [/^(?:job|occupation|profession|role)$/, 'teacher'],
  [/^colou?r$/, 'blue'],
  [/^(?:animal|pet|species)$/, 'cat'],
  [/^(?:title|headline|subject)$/, 'A Sample'],
  [/^(?:url|link|website)$/, 'https://example.com/'],
  [/^(?:description|summary|text|bio|content)$/, 'This is a sample.'],
]

const NUMBERS: readonly (readonly [RegExp, number])[] = [
  [/^age$/, 30],
  [/^year$/, 2000],
  [/^(?:price|cost|amount)$/, 10],
  [/^(?:count|quantity|number)$/, 1],
  [/^(?:height)$/, 170],
  [/^(?:weight)$/, 70],
  [/^(?:rating|score)$/, 4],
]

export function sampleText(key: string): string {
  const words = keyWords(key)
  return SAMPLES.find(([pattern]) => words.some((word) => pattern.test(word)))?.[1] ?? 'sample'
}

export function sampleNumber(key: string): number {
  const words = keyWords(key)
  return NUMBERS.find(([pattern]) => words.some((word) => pattern.test(word)))?.[1] ?? 1
}
