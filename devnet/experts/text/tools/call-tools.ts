// Function calls: which, how often, and with what.
import { randomUUID } from 'node:crypto'
import type { Vocabulary } from '../../image/scene/vocabulary.ts'
import type { Pace } from '../pace.ts'
import type { ReadRequest, Tool } from '../read-request.ts'
import { fillSchema } from '../schema/fill-schema.ts'
import { splitItems } from '../schema/find-list.ts'
import { isSchema, listOf, resolveSchema, type Schema, typesOf } from '../schema/shape.ts'
import { createSource } from '../schema/source.ts'
import type { TextCall } from '../types.ts'
import { scoreTools } from './choose-tools.ts'

export interface CallWork {
  readonly request: ReadRequest
  /** The last message of the user. */
  readonly message: string
  readonly vocabulary: Vocabulary
  readonly pace: Pace
}

/** What is to be called; `missing` is said when a fitting function lacks what it needs. */
export interface Calls {
  readonly calls: readonly TextCall[]
  readonly missing: string | null
}

const CALLS_MAX = 16
const NO_CALLS: Calls = { calls: [], missing: null }

export async function callTools(work: CallWork): Promise<Calls> {
  const { request } = work
  const { tools, toolChoice } = request
  if (tools.length === 0 || toolChoice === 'none') return NO_CALLS
  if (typeof toolChoice === 'object') {
    const named = tools.find(({ name }) => name === toolChoice.name)
    return named ? { calls: await callsOf(named, work, true), missing: null } : NO_CALLS
  }
  const scored = scoreTools(tools, work.message)
  const fitting = scored.filter(({ score }) => score > 0)
  const isRequired = toolChoice === 'required'
  const chosen = fitting.length > 0 ? fitting : isRequired ? scored.slice(0, 1) : []
  // What fits much worse than the best was hardly meant.
  const best = chosen[0]?.score ?? 0
  const meant = chosen.filter(({ score }) => score * 2 >= best).map(({ tool }) => tool)
  const calls: TextCall[] = []
  let missing: string | null = null
  for (const tool of meant) {
    const own = await callsOf(tool, work, isRequired && calls.length === 0)
    if (own.length === 0) missing ??= describeMissing(tool)
    calls.push(...own)
  }
  const allowed = request.isParallel ? CALLS_MAX : 1
  return { calls: calls.slice(0, allowed), missing: calls.length > 0 ? null : missing }
}

function describeMissing(tool: Tool): string {
  const names = listOf(parametersOf(tool).required).filter((name) => typeof name === 'string')
  return `The function ${tool.name} would fit, but the message does not say what it needs: ${names.join(', ')}.`
}

function parametersOf(tool: Tool): Schema {
  return isSchema(tool.parameters) ? tool.parameters : {}
}

/** One call, or one for each of "Paris and Rome". @param isForced - call even if nothing is found */
async function callsOf(tool: Tool, work: CallWork, isForced: boolean): Promise<TextCall[]> {
  const parameters = parametersOf(tool)
  const first = await fillArguments(parameters, work.message, work)
  const required = listOf(parameters.required).filter((name) => typeof name === 'string')
  if (!isForced && required.length > 0 && !first.isFound) return []
  const argumentSets = work.request.isParallel
    ? await spreadArguments(parameters, first.value, work)
    : [first.value]
  return argumentSets.map((value) => ({
    id: `call_${randomUUID().replaceAll('-', '')}`,
    name: tool.name,
    argumentsJson: JSON.stringify(value),
  }))
}

async function fillArguments(parameters: Schema, text: string, work: CallWork) {
  const source = createSource(text, { mayInvent: false, vocabulary: work.vocabulary, pace: work.pace })
  const filled = await fillSchema({ ...parameters, type: 'object' }, source)
  return { value: isSchema(filled.value) ? filled.value : {}, isFound: filled.isFound }
}

/** When the message lists several values where one was found ("in Paris, Rome and Oslo"), each gets a call of its own. */
async function spreadArguments(parameters: Schema, value: Schema, work: CallWork): Promise<Schema[]> {
  const properties = isSchema(parameters.properties) ? parameters.properties : {}
  for (const [name, found] of Object.entries(value)) {
    const own = resolveSchema(properties[name], parameters)
    if (typeof found !== 'string' || found.length < 2 || !typesOf(own).includes('string')) continue
    const others = listedWith(work.message, found)
    if (others.length === 0) continue
    const sets: Schema[] = [value]
    for (const other of others.slice(0, CALLS_MAX - 1)) sets.push({ ...value, [name]: other })
    return sets
  }
  return [value]
}

/** "Paris, Rome and Oslo" with "Paris" → Rome, Oslo. Only names of the same kind: with a capital letter. */
function listedWith(message: string, found: string): string[] {
  if (!/^\p{Lu}/u.test(found)) return []
  const at = message.indexOf(found)
  if (at < 0) return []
  const [listed = ''] =
    /^(?:\s*,\s*(?:and\s+)?|\s+and\s+(?:in\s+)?)\p{Lu}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’-]*)*(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+(?:in\s+)?)\p{Lu}[\p{L}'’-]*(?: \p{Lu}[\p{L}'’-]*)*)*/u.exec(
      message.slice(at + found.length, at + found.length + 500),
    ) ?? []
  return splitItems(listed)
    .map((item) => item.replace(/^in\s+/, '').replace(/\s+(?:today|tomorrow|now|please).*$/, ''))
    .filter((item) => /^\p{Lu}/u.test(item) && item !== found)
}
