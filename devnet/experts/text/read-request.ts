// A chat request as it came → the few things that are understood. Nothing is believed to be of its type.

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly text: string
  /** Of an assistant's turn: the names of the functions it called, by call. */
  readonly calls: ReadonlyMap<string, string>
  /** Of a tool's turn: the call that it answers. */
  readonly callId: string | null
}

export interface Tool {
  readonly name: string
  readonly description: string
  readonly parameters: unknown
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string }

export type AnswerFormat =
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'schema'; readonly schema: unknown }

export interface ReadRequest {
  readonly turns: readonly Turn[]
  readonly hasPictures: boolean
  readonly tools: readonly Tool[]
  readonly toolChoice: ToolChoice
  readonly isParallel: boolean
  readonly format: AnswerFormat
  /** Pieces of a word's size; null: no limit. */
  readonly piecesMax: number | null
  readonly stops: readonly string[]
}

/** Characters of a conversation that are read; the end of it is what counts. */
const CHARS_MAX = 4_000_000
const TURNS_MAX = 1_000
const TOOLS_MAX = 128
const STOPS_MAX = 4

type Bag = Readonly<Record<string, unknown>>

const isBag = (value: unknown): value is Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export function readRequest(request: Bag): ReadRequest {
  const messages = listOf(request.messages).slice(-TURNS_MAX)
  return {
    turns: messages.flatMap((message) => readTurn(message) ?? []),
    hasPictures: messages.some((message) => isBag(message) && listOf(message.content).some(isPicture)),
    tools: readTools(request),
    toolChoice: readToolChoice(request.tool_choice ?? request.function_call),
    isParallel: request.parallel_tool_calls !== false,
    format: readFormat(request.response_format),
    piecesMax: readLimit(request.max_completion_tokens) ?? readLimit(request.max_tokens),
    stops: (typeof request.stop === 'string' ? [request.stop] : listOf(request.stop))
      .map(textOf)
      .filter((stop) => stop !== '')
      .slice(0, STOPS_MAX),
  }
}

function readTurn(message: unknown): Turn | null {
  if (!isBag(message)) return null
  const role = roleOf(message.role)
  if (!role) return null
  const content = message.content
  const text =
    typeof content === 'string' ? content : listOf(content).map(textOfPart).filter(Boolean).join('\n')
  const calls = new Map<string, string>()
  for (const call of listOf(message.tool_calls)) {
    if (isBag(call) && isBag(call.function)) calls.set(textOf(call.id), textOf(call.function.name))
  }
  const callId = textOf(message.tool_call_id) || textOf(message.name) || null
  return { role, text: text.slice(-CHARS_MAX), calls, callId: role === 'tool' ? callId : null }
}

function roleOf(role: unknown): Turn['role'] | null {
  if (role === 'developer') return 'system'
  if (role === 'function') return 'tool'
  return role === 'system' || role === 'user' || role === 'assistant' || role === 'tool' ? role : null
}

function textOfPart(part: unknown): string {
  if (typeof part === 'string') return part
  return isBag(part) ? textOf(part.text) || textOf(part.refusal) : ''
}

function isPicture(part: unknown): boolean {
  return isBag(part) && ['image_url', 'input_image', 'image'].includes(textOf(part.type))
}

/** Tools, and the older `functions`. */
function readTools(request: Bag): Tool[] {
  const bags = [
    ...listOf(request.tools).map((tool) => (isBag(tool) ? (tool.function ?? tool) : null)),
    ...listOf(request.functions),
  ]
  return bags
    .filter(isBag)
    .filter(({ name }) => textOf(name) !== '')
    .slice(0, TOOLS_MAX)
    .map(({ name, description, parameters }) => ({
      name: textOf(name),
      description: textOf(description).slice(0, 4000),
      parameters: parameters ?? { type: 'object', properties: {} },
    }))
}

function readToolChoice(choice: unknown): ToolChoice {
  if (choice === 'none' || choice === 'required') return choice
  if (choice === 'any') return 'required'
  if (!isBag(choice)) return 'auto'
  const name = textOf(isBag(choice.function) ? choice.function.name : choice.name)
  return name === '' ? 'auto' : { name }
}

function readFormat(format: unknown): AnswerFormat {
  if (!isBag(format)) return { kind: 'text' }
  if (format.type === 'json_object') return { kind: 'json' }
  if (format.type !== 'json_schema') return { kind: 'text' }
  const holder = isBag(format.json_schema) ? format.json_schema : format
  return isBag(holder.schema) ? { kind: 'schema', schema: holder.schema } : { kind: 'json' }
}

function readLimit(limit: unknown): number | null {
  return typeof limit === 'number' && Number.isFinite(limit) && limit >= 1 ? Math.floor(limit) : null
}
