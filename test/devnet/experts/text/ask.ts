/** What the tests of the text expert ask with. */
import { fileURLToPath } from 'node:url'
import { createTextExpert } from '../../../../devnet/experts/text/text-expert.ts'
import type { Completion } from '../../../../devnet/experts/text/types.ts'

export const vocabularyPath = fileURLToPath(
  new URL('../../../../devnet/experts/image/vocabulary.tsv', import.meta.url),
)
export const expert = createTextExpert({ vocabularyPath })

/** Messages before the last one, and fields beside them. */
export type Extra = Readonly<Record<string, unknown>> & {
  readonly before?: readonly unknown[]
  readonly system?: string
}

export function complete(
  content: unknown,
  { before = [], system, ...extra }: Extra = {},
): Promise<Completion> {
  const head = system === undefined ? [] : [{ role: 'system', content: system }]
  const messages = [...head, ...before, { role: 'user', content }]
  return expert.complete({ model: 'text', messages, ...extra }, { signal: new AbortController().signal })
}

export async function say(content: unknown, extra: Extra = {}): Promise<string> {
  return (await complete(content, extra)).content ?? ''
}

/** The answer parsed as JSON. */
export async function json(content: unknown, schema: unknown, extra: Extra = {}): Promise<any> {
  const response_format = { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } }
  return JSON.parse(await say(content, { response_format, ...extra }))
}

export const ARTICLE =
  'The city council of Oslo decided on Monday to build a new tram line along the harbour. The line will be eight kilometres long ' +
  'and connect the opera house with the western suburbs. Construction starts in March 2027 and costs about 450 million euros. ' +
  'Critics say that the money would be better spent on bicycle lanes. The mayor, Anna Berg, answered that a tram line carries far ' +
  'more people than a bicycle lane. Residents of the harbour fear noise during the construction of the tram line. The council ' +
  'promised to work only by day.'
