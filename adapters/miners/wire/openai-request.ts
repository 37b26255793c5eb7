/** Work → a request of OpenAI's HTTP API, which two of our dialects speak and the third wraps. */
import { randomUUID } from 'node:crypto'
import type { ImageWork, TranscriptionWork, Work } from '../../../src/ports/miner.ts'
import { writeMultipart } from './multipart.ts'

/** A request without address and authentication. */
export type ApiRequest = {
  /** Below the API's root: `/chat/completions`. */
  readonly path: string
  readonly contentType: string
  readonly body: Uint8Array
}

/** Writes the request for any work. */
export function writeApiRequest(work: Work): ApiRequest {
  switch (work.kind) {
    case 'chat':
      return { path: '/chat/completions', contentType: 'application/json', body: Buffer.from(work.body) }
    case 'transcription':
      return writeTranscription(work)
    case 'image':
      return {
        path: '/images/generations',
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify(imageBody(work))),
      }
  }
}

/** Where the API lies at a server: below the base URL's own path, or below `/v1` when it has none. */
export function apiPath(prefix: string, path: string): string {
  return `${prefix === '' ? '/v1' : prefix}${path}`
}

function writeTranscription(work: TranscriptionWork): ApiRequest {
  const { contentType, body } = writeMultipart(
    [
      ['model', work.model],
      ['response_format', 'verbose_json'],
      ['timestamp_granularities[]', 'word'],
      ['timestamp_granularities[]', 'segment'],
      ...optional('language', work.language),
      ...optional('prompt', work.prompt),
      ...optional('temperature', work.temperature),
    ],
    { name: 'file', fileName: 'audio.wav', contentType: 'audio/wav', bytes: work.wav },
    randomUUID(), // Not to be guessed: the caller chooses the samples that stand between the boundaries.
  )
  return { path: '/audio/transcriptions', contentType, body }
}

function imageBody(work: ImageWork): Record<string, unknown> {
  return {
    model: work.model,
    prompt: work.prompt,
    n: work.count,
    size: `${work.width}x${work.height}`,
    response_format: 'b64_json',
    ...(work.format === 'png' ? {} : { output_format: work.format }),
    ...(work.background === 'auto' ? {} : { background: work.background }),
    ...(work.seed === null ? {} : { seed: work.seed }),
  }
}

function optional(name: string, value: string | number | null): [string, string][] {
  return value === null ? [] : [[name, String(value)]]
}
