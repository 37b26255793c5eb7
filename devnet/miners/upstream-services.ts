/** Services of an OpenAI-compatible server instead of an expert: requests go on as they came, but for the model's name. */
import type { ChatService, ImageService, SpeechService } from './service.ts'
import type { Upstream } from './upstream.ts'

export function createUpstreamChat(upstream: Upstream): ChatService {
  const write = async (
    request: Readonly<Record<string, unknown>> & { readonly model: string },
    signal: AbortSignal,
  ) => ({
    path: '/chat/completions',
    contentType: 'application/json',
    body: JSON.stringify({ ...request, model: await upstream.findModel(request.model, signal) }),
    signal,
  })
  return {
    complete: async (request, signal) => upstream.send(await write({ ...request, stream: false }, signal)),
    async *stream(request, signal) {
      yield* upstream.stream(await write({ ...request, stream: true }, signal))
    },
  }
}

export function createUpstreamImages(upstream: Upstream): ImageService {
  return {
    generate: async (request, signal) =>
      upstream.send({
        path: '/images/generations',
        contentType: 'application/json',
        body: JSON.stringify({ ...request, model: await upstream.findModel(request.model, signal) }),
        signal,
      }),
  }
}

/** @param boundary - makes a text that occurs in no recording */
export function createUpstreamSpeech(upstream: Upstream, boundary: () => string): SpeechService {
  return {
    async transcribe(request, signal) {
      const mark = boundary()
      const model = await upstream.findModel(request.model, signal)
      const fields = Object.entries({
        model,
        response_format: 'verbose_json',
        language: request.language,
        prompt: request.prompt,
        temperature: request.temperature,
      })
      const head = fields.flatMap(([name, value]) => (value === null ? [] : part(mark, name, value))).join('')
      const file = `--${mark}\r\ncontent-disposition: form-data; name="file"; filename="audio.wav"\r\ncontent-type: audio/wav\r\n\r\n`
      const body = Buffer.concat([Buffer.from(head + file), request.file, Buffer.from(`\r\n--${mark}--\r\n`)])
      const contentType = `multipart/form-data; boundary=${mark}`
      return upstream.send({ path: '/audio/transcriptions', contentType, body, signal })
    },
  }
}

function part(mark: string, name: string, value: string): string {
  return `--${mark}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}
