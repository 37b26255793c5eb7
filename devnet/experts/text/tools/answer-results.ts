// An answer out of what functions returned.
import type { Turn } from '../read-request.ts'
import { isSchema } from '../schema/shape.ts'

export interface ToolResult {
  readonly name: string
  readonly text: string
}

const LINES_MAX = 60
const TEXT_MAX = 20_000

/** The results after the last message of user or assistant; empty when the last message is none. */
export function readResults(turns: readonly Turn[]): ToolResult[] {
  const from = turns.findLastIndex(({ role }) => role !== 'tool') + 1
  const names = new Map(turns.flatMap(({ calls }) => [...calls]))
  return turns
    .slice(from)
    .map(({ text, callId }) => ({ name: names.get(callId ?? '') ?? callId ?? 'function', text }))
}

/** "get_weather: temperature 18, sky clear." A result that is a plain text is given as it is. */
export function answerResults(results: readonly ToolResult[]): string {
  const parts = results.map(({ name, text }) => {
    const said = describeResult(text)
    return results.length > 1 || said === '' ? `${name}: ${said || 'no result'}` : said
  })
  return parts.join('\n').slice(0, TEXT_MAX)
}

function describeResult(text: string): string {
  try {
    return describeValue(JSON.parse(text), 0)
  } catch {
    return text.trim() // No JSON: a text for people.
  }
}

function describeValue(value: unknown, depth: number): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) {
    if (value.length === 0) return 'nothing'
    const isFlat = value.every((item) => typeof item !== 'object' || item === null)
    if (isFlat) return value.slice(0, LINES_MAX).map(String).join(', ')
    return value
      .slice(0, LINES_MAX)
      .map((item) => `- ${depth < 4 ? describeValue(item, depth + 1) : JSON.stringify(item)}`)
      .join('\n')
  }
  if (!isSchema(value)) return String(value)
  return Object.entries(value)
    .slice(0, LINES_MAX)
    .map(
      ([key, inner]) =>
        `${key.replaceAll('_', ' ')}: ${depth < 4 ? describeValue(inner, depth + 1) : JSON.stringify(inner)}`,
    )
    .join(', ')
}
