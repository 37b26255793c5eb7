/** A client of any OpenAI-compatible server that stands behind the devnet's miners instead of an expert. Bounded in time and bytes. */
import { request as sendRequest } from 'undici'
import { z } from 'zod'
import { ServiceFailure } from './service.ts'

export type UpstreamOptions = {
  /** The API's root, such as `http://127.0.0.1:11434/v1`. */
  readonly url: string
  /** Until the head of an answer has come. A model may have to be loaded first. */
  readonly firstByteTimeoutMs: number
  /** Longest silence within an answer. */
  readonly stallTimeoutMs: number
  readonly answerBytesMax: number
}

/** What a local server needs to load a model and think. */
export const UPSTREAM = {
  firstByteTimeoutMs: 120_000,
  stallTimeoutMs: 60_000,
  answerBytesMax: 64 * 1024 * 1024,
} as const

export type UpstreamRequest = {
  /** Below the root: `/chat/completions`. */
  readonly path: string
  readonly contentType: string
  readonly body: string | Buffer
  readonly signal: AbortSignal
}

export interface Upstream {
  /** @returns the answer's text @throws ServiceFailure with the server's status, or 502, 504 */
  send(request: UpstreamRequest): Promise<string>
  /** @returns the data payloads of the answer's events, without `[DONE]` @throws ServiceFailure */
  stream(request: UpstreamRequest): AsyncIterable<string>
  /** The server's own name for a model: itself when it has it, else its first. @throws ServiceFailure 502 when it lists none */
  findModel(name: string, signal: AbortSignal): Promise<string>
}

/** What a caller can do something about. The rest, a wrong key among them, is between the miner and its server. */
const PASSED_ON: readonly number[] = [400, 413, 422, 429, 503]

const Models = z.object({ data: z.array(z.object({ id: z.string() })).min(1) })

/** Builds the client. Nothing is sent before the first call. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const root = options.url.replace(/\/+$/, '')
  let models: readonly string[] | null = null
  return {
    async send(request) {
      return readText(await open(request))
    },
    async *stream(request) {
      const body = await open(request)
      let rest = ''
      let size = 0
      for await (const chunk of decode(body)) {
        size += chunk.length
        if (size > options.answerBytesMax) throw new ServiceFailure(502, 'The answer is too long.')
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const payload = payloadOf(line)
          if (payload === '[DONE]') return
          if (payload !== '') yield payload
        }
      }
      const last = payloadOf(rest)
      if (last !== '' && last !== '[DONE]') yield last
    },
    async findModel(name, signal) {
      models ??= await listModels(signal)
      return models.includes(name) ? name : (models[0] ?? name)
    },
  }

  async function open({ path, contentType, body, signal }: UpstreamRequest) {
    const answer = await guard(
      sendRequest(`${root}${path}`, {
        method: 'POST',
        headers: { 'content-type': contentType },
        body,
        signal,
        headersTimeout: options.firstByteTimeoutMs,
        bodyTimeout: options.stallTimeoutMs,
      }),
      signal,
    )
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer.body
    const message = `The server behind this miner answered ${answer.statusCode}.`
    await answer.body.dump({ limit: 65_536 })
    throw new ServiceFailure(PASSED_ON.includes(answer.statusCode) ? answer.statusCode : 502, message)
  }

  async function listModels(signal: AbortSignal): Promise<readonly string[]> {
    const { body } = await guard(
      sendRequest(`${root}/models`, { signal, headersTimeout: options.stallTimeoutMs }),
      signal,
    )
    const { success, data } = Models.safeParse(parseJson(await readText(body)))
    if (!success) throw new ServiceFailure(502, 'The server behind this miner lists no models.')
    return data.data.map(({ id }) => id)
  }

  async function readText(body: AsyncIterable<Buffer>): Promise<string> {
    let text = ''
    for await (const chunk of decode(body)) {
      text += chunk
      if (text.length > options.answerBytesMax) throw new ServiceFailure(502, 'The answer is too long.')
    }
    return text
  }
}

async function* decode(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

function payloadOf(line: string): string {
  return line.startsWith('data:') ? line.slice(5).trim() : ''
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // Refused by the schema that reads it.
  }
}

/** A server that cannot be reached is a bad gateway, one that is silent a slow one. */
async function guard<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  try {
    return await answer
  } catch (cause) {
    signal.throwIfAborted()
    const isSlow = cause instanceof Error && cause.name === 'HeadersTimeoutError'
    throw new ServiceFailure(isSlow ? 504 : 502, 'The server behind this miner cannot be reached.', { cause })
  }
}
