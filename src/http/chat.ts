/** `POST /v1/chat/completions`: parses, calls `complete`, writes the answer. */
import { Hono } from 'hono'
import type { Picture } from '../billing/prompt.ts'
import { GatewayError } from '../errors.ts'
import { listPictures, type PicturePart } from '../inference/chat-request.ts'
import { type CompleteOptions, complete, type StreamedChat } from '../inference/complete.ts'
import { readDataUrl } from '../inference/data-url.ts'
import type { ExpertDirectory } from '../inference/experts.ts'
import { permitCapability, permitDirectory } from '../inference/permit.ts'
import type { Media } from '../ports/media.ts'
import type { Contract } from './contract.ts'
import { findModel } from './find-model.ts'
import { type HttpEnv, readCaller } from './http-env.ts'
import { paidHeaders } from './paid-headers.ts'
import { EventStream, errorBody, replyJson } from './reply.ts'
import { readJsonBody } from './request-body.ts'
import type { RunningSignals } from './running-signals.ts'

/** More pictures than any real request; each is decoded. */
const PICTURES_MAX = 16

export type ChatAppOptions = {
  readonly contract: Contract
  readonly directory: ExpertDirectory
  readonly media: Media
  readonly complete: CompleteOptions
  readonly jsonBytesMax: number
  readonly signals: RunningSignals
}

export function chatApp(options: ChatAppOptions) {
  const { contract, media, jsonBytesMax } = options
  return new Hono<HttpEnv>().post('/completions', async (c) => {
    const { text, value } = await readJsonBody(c.env.incoming, jsonBytesMax)
    const body = contract.check('CreateChatCompletionRequest', value)
    const { rules } = c.var.principal.key
    const directory = permitDirectory(options.directory, rules)
    const model = findModel(directory, body.model, ['chat', 'image.recognize'])
    const signal = options.signals.watch(c.env)
    const parts = listPictures(body.messages)
    if (parts.length > 0 && !model.capabilities.includes('image.recognize')) {
      throw new GatewayError('invalid_request', `The model ${model.id} takes no pictures.`, {
        param: parts[0]?.path ?? 'messages',
      })
    }
    const capability = model.capabilities.includes('chat') ? 'chat' : 'image.recognize'
    permitCapability(rules, parts.length > 0 ? 'image.recognize' : capability)
    const pictures = await measurePictures(parts, media, signal)
    const order = { body, text, pictures, model, capability } as const
    const chat = await complete(readCaller(c), order, { ...options.complete, signal })
    if (chat.kind === 'whole') {
      return replyJson(c, chat.json, { headers: paidHeaders(chat.performed, chat.receipt) })
    }
    return await writeStream(EventStream.open(c, paidHeaders(chat.performed, null)), chat)
  })
}

async function writeStream(stream: EventStream, { payloads }: StreamedChat): Promise<Response> {
  try {
    for await (const payload of payloads) {
      const slow = stream.data(payload)
      // Only a reader that does not keep up is waited for.
      if (slow) await slow
    }
    stream.write('data: [DONE]\n\n')
  } catch (thrown) {
    // The status has left: the error goes in band, and neither [DONE] nor a finish reason pretends an end.
    stream.data(JSON.stringify(errorBody(GatewayError.from(thrown))))
  }
  return stream.end()
}

/** Decodes every picture, to price it and to refuse what is none. @throws GatewayError `invalid_image`, `invalid_request` naming the part */
async function measurePictures(
  parts: readonly PicturePart[],
  media: Media,
  signal: AbortSignal,
): Promise<readonly Picture[]> {
  if (parts.length > PICTURES_MAX) {
    throw new GatewayError('invalid_request', `At most ${PICTURES_MAX} pictures can be in one request.`, {
      param: 'messages',
    })
  }
  const pictures: Picture[] = []
  for (const { path, url, detail } of parts) {
    const bytes = readDataUrl(url, path)
    try {
      const { width, height } = await media.inspectImage(bytes, { signal })
      pictures.push({ width, height, detail })
    } catch (thrown) {
      if (!(thrown instanceof GatewayError) || thrown.code !== 'invalid_image') throw thrown
      throw new GatewayError('invalid_image', thrown.message, { param: path, cause: thrown })
    }
  }
  return pictures
}
