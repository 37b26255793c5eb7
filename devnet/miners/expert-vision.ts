/** A vision expert as a chat service: looks at the pictures of the last message that has any, answers in words or in JSON. */
import type { ChatExpert, ChatPart, ChatRequest, SeenPicture, VisionExpert } from './experts.ts'
import { ServiceFailure } from './service.ts'

const PICTURES_MAX = 8
/** What it says to words alone, as a model that can only look would. */
const NO_PICTURE = 'I only look at pictures. Put one into a message, as a base64 data URL.'
const CHARS_PER_TOKEN = 4 // What a caller may assume of English text; the gateway counts for itself.

/** Builds the chat expert. @param vision - asked for on the first request */
export function createVisionChat(vision: () => Promise<VisionExpert>): ChatExpert {
  return {
    async *answer(request, signal): AsyncGenerator<ChatPart> {
      const pictures = findPictures(request)
      const seen: SeenPicture[] = []
      if (pictures.length > 0) {
        const expert = await vision()
        for (const picture of pictures) seen.push(await expert.look(picture, signal))
      }
      const text =
        seen.length === 0 ? NO_PICTURE : wantsJson(request) ? writeJson(seen, request) : writeWords(seen)
      const words = text.match(/\s*\S+/g) ?? []
      const limit = tokenLimit(request)
      const told = limit === null ? words : words.slice(0, limit)
      for (const word of told) yield { kind: 'text', text: word }
      yield {
        kind: 'end',
        finishReason: told.length < words.length ? 'length' : 'stop',
        promptTokens: Math.ceil(JSON.stringify(textOf(request)).length / CHARS_PER_TOKEN),
        completionTokens: told.length,
      }
    },
  }
}

function findPictures(request: ChatRequest): Buffer[] {
  for (const message of [...request.messages].reverse()) {
    const urls = partsOf(message).flatMap((part) => urlOf(part) ?? [])
    if (urls.length > PICTURES_MAX) throw new ServiceFailure(400, `At most ${PICTURES_MAX} pictures at once.`)
    if (urls.length > 0) return urls.map(decodeUrl)
  }
  return []
}

/** A miner fetches nothing: what a URL leads to is the caller's to send. */
function decodeUrl(url: string): Buffer {
  const match = /^data:image\/[\w.+-]+(?:;[^,;]*)*;base64,/i.exec(url)
  if (!match) throw new ServiceFailure(400, 'Pictures are taken as data URLs in base64 only.')
  return Buffer.from(url.slice(match[0].length), 'base64')
}

function writeWords(seen: readonly SeenPicture[]): string {
  const [only] = seen
  if (only && seen.length === 1) return only.description
  return seen.map(({ description }, index) => `Picture ${index + 1}: ${description}`).join('\n')
}

/** One picture is an object, several are a list under `pictures`. Of a strict schema only its own members are told. */
function writeJson(seen: readonly SeenPicture[], request: ChatRequest): string {
  const [only] = seen
  const value: object = only && seen.length === 1 ? only : { pictures: seen }
  const names = schemaNames(request)
  const told = Object.entries(value).filter(([name]) => names === null || names.includes(name))
  return JSON.stringify(told.length > 0 ? Object.fromEntries(told) : value)
}

function wantsJson({ response_format: format }: ChatRequest): boolean {
  const type = member(format, 'type')
  return type === 'json_object' || type === 'json_schema'
}

function schemaNames({ response_format: format }: ChatRequest): string[] | null {
  const schema = member(member(format, 'json_schema'), 'schema')
  const properties = member(schema, 'properties')
  if (member(schema, 'additionalProperties') !== false || !isObject(properties)) return null
  return Object.keys(properties)
}

function tokenLimit(request: ChatRequest): number | null {
  const limit = request.max_completion_tokens ?? request.max_tokens
  return typeof limit === 'number' && limit >= 1 ? Math.floor(limit) : null
}

function partsOf(message: unknown): readonly unknown[] {
  const content = member(message, 'content')
  return Array.isArray(content) ? content : []
}

function urlOf(part: unknown): string | null {
  const image = member(part, 'image_url')
  const url = typeof image === 'string' ? image : member(image, 'url')
  return typeof url === 'string' ? url : null
}

function textOf(request: ChatRequest): unknown[] {
  return request.messages.flatMap((message) => {
    const content = member(message, 'content')
    return typeof content === 'string' ? content : partsOf(message).map((part) => member(part, 'text') ?? '')
  })
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
