// JSON instead of words: by a schema, or by the names that the prompt gives.
import type { Work } from './answer-text.ts'
import { answerText } from './answer-text.ts'
import type { Task } from './find-task.ts'
import type { AnswerFormat, ReadRequest } from './read-request.ts'
import { fillSchema } from './schema/fill-schema.ts'
import { isSchema } from './schema/shape.ts'
import { createSource } from './schema/source.ts'
import { answerResults, readResults } from './tools/answer-results.ts'

const INVENT = /\b(?:make up|invent|imagine|create|generate|random|example|sample|fictional|fake|dummy)\b/i
const KEYS_MAX = 50

/** @returns JSON text; valid against the schema as far as MODEL_CARD.md says */
export async function answerJson(
  format: Exclude<AnswerFormat, { kind: 'text' }>,
  about: { readonly request: ReadRequest; readonly work: Work },
): Promise<string> {
  const { task, vocabulary, pace } = about.work
  const results = readResults(about.request.turns)
  const text = results.length > 0 ? answerResults(results) : task.material || task.message
  const mayInvent = INVENT.test(`${task.instruction} ${task.message}`.slice(0, 2_000))
  const source = createSource(text, { mayInvent, vocabulary, pace })
  if (format.kind === 'schema') {
    const schema = isWrapped(format.schema) ? await withAnswer(format.schema, about.work) : null
    return JSON.stringify(schema ?? (await fillSchema(format.schema, source)).value)
  }
  const keys = readKeys(about.request, task)
  if (keys.length === 0) return JSON.stringify({ answer: await answerText(about.work) })
  const schema = {
    type: 'object',
    properties: Object.fromEntries(keys.map((key) => [key, schemaOfKey(key)])),
    required: keys,
  }
  return JSON.stringify((await fillSchema(schema, source)).value)
}

/** A schema that holds one text called `answer` or the like is a wrapper around an ordinary answer. */
function isWrapped(schema: unknown): schema is { readonly properties: Readonly<Record<string, unknown>> } {
  if (!isSchema(schema) || !isSchema(schema.properties)) return false
  const [[name, own] = ['', null], ...others] = Object.entries(schema.properties)
  const isPlain =
    isSchema(own) &&
    own.type === 'string' &&
    Object.keys(own).every((key) => ['type', 'description', 'title'].includes(key))
  return others.length === 0 && isPlain && /^(?:answer|reply|response|result|output|greeting)$/i.test(name)
}

async function withAnswer(
  schema: { readonly properties: Readonly<Record<string, unknown>> },
  work: Work,
): Promise<unknown> {
  const [name = 'answer'] = Object.keys(schema.properties)
  return { [name]: await answerText(work) }
}

/** "JSON with the keys name, age and city", or a template such as {"name": …}. */
function readKeys(request: ReadRequest, task: Task): string[] {
  const asked = [
    ...request.turns.filter(({ role }) => role === 'system').map(({ text }) => text),
    task.instruction,
    task.message,
  ]
    .join('\n')
    .slice(0, 6_000)
  const template = [...asked.matchAll(/["“]([A-Za-z_][\w -]{0,60})["”]\s*:/g)].map((match) => match[1] ?? '')
  const listed =
    /\b(?:keys?|fields?|properties|attributes)\b(?: named| called|:| are)?\s*:?\s+([^.:\n{]{2,300})/i.exec(
      asked,
    )?.[1]
  const names =
    listed === undefined
      ? []
      : listed.split(/,\s*(?:and\s+)?|\s+and\s+/).map((name) => name.trim().replace(/^["'`“]|["'`”]$/g, ''))
  const keys = template.length > 0 ? template : names.filter((name) => /^[A-Za-z_]\w{0,60}$/.test(name))
  return [...new Set(keys)].filter((key) => key !== '__proto__').slice(0, KEYS_MAX)
}

/** Numbers where the name says a number, lists where it is a plural of something that is listed. */
function schemaOfKey(key: string): object {
  if (/age|count|number|price|amount|total|year|quantity|score|temperature/i.test(key))
    return { type: ['number', 'null'] }
  if (/^(?:is|has)[_A-Z]/.test(key)) return { type: 'boolean' }
  if (/(?:keywords|tags|topics|prompts|emails|urls|links|names|dates|items|list)$/i.test(key))
    return { type: 'array', items: { type: 'string' } }
  return { type: ['string', 'null'] }
}
