// The language of a text, by its script and its commonest words.
import { wordsOf } from '../language/words.ts'

const SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/\p{Script=Hiragana}|\p{Script=Katakana}/gu, 'Japanese'],
  [/\p{Script=Hangul}/gu, 'Korean'],
  [/\p{Script=Han}/gu, 'Chinese'],
  [/[іїєґ]/giu, 'Ukrainian'],
  [/\p{Script=Cyrillic}/gu, 'Russian'],
  [/\p{Script=Greek}/gu, 'Greek'],
  [/\p{Script=Arabic}/gu, 'Arabic'],
  [/\p{Script=Hebrew}/gu, 'Hebrew'],
  [/\p{Script=Devanagari}/gu, 'Hindi'],
  [/\p{Script=Thai}/gu, 'Thai'],
]

const COMMON: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    English:
      'the and of to in is you that it he was for on are with as his they at be this have from not by but what all were we your can said',
    German:
      'der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei ich wir',
    French:
      'de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont elle je vous nous avec mais ou',
    Spanish:
      'de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ya fue este ha sí porque muy',
    Italian:
      'di che e la il un a per in una mi sono ho non ma lo ha le si ti i con cosa se da come io questo qui bene al del della è',
    Portuguese:
      'de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou',
    Dutch:
      'de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem dan zou of wat mijn',
    Polish:
      'i w na z że do nie to się jest o jak za ale po tak co od czy przez dla był już tylko jego może być oraz',
    Swedish:
      'och i att det som en på är av för med den till inte har de ett om var jag så men han vi kan du hon från',
  }).map(([language, words]) => [language, new Set(words.split(' '))]),
)

const CHARS_READ = 4_000

/** @returns null when there is too little to tell by */
export function guessLanguage(text: string): string | null {
  const head = text.slice(0, CHARS_READ)
  const letters = head.match(/\p{L}/gu)?.length ?? 0
  if (letters === 0) return null
  for (const [script, language] of SCRIPTS)
    if ((head.match(script)?.length ?? 0) > letters * (language === 'Ukrainian' ? 0.02 : 0.2)) return language
  const words = wordsOf(head)
  const scores = Object.entries(COMMON)
    .map(([language, common]) => ({ language, hits: words.filter((word) => common.has(word)).length }))
    .sort((a, b) => b.hits - a.hits)
  const [best, next] = scores
  return best && next && best.hits >= 2 && best.hits > next.hits ? best.language : null
}
