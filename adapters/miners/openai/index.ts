/** Plain OpenAI over HTTP, unsigned, with a bearer key where the server has one. Protocol: README.md beside this file. */
import type { Dialect } from '../../../src/ports/miner.ts'
import { createDialect, type DialectSettings } from '../wire/dialect.ts'
import { readApiAnswer } from '../wire/openai-answer.ts'
import { apiPath, writeApiRequest } from '../wire/openai-request.ts'

/** Builds the dialect of OpenAI-compatible servers: chat, transcription, pictures. */
export function createOpenAIDialect(settings: DialectSettings): Dialect {
  return createDialect(
    {
      name: 'openai',
      capabilities: ['chat', 'audio.transcribe', 'image.recognize', 'image.generate'],
      allowsHostNames: true,
      write({ target, work, origin }) {
        const request = writeApiRequest(work)
        const headers = ['content-type', request.contentType, 'accept-encoding', 'identity']
        if (target.bearer !== null) headers.push('authorization', `Bearer ${target.bearer}`)
        return { path: apiPath(origin.prefix, request.path), headers, body: request.body }
      },
      read: readApiAnswer,
    },
    settings,
  )
}
