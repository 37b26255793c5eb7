import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createUpstream, UPSTREAM } from '../../../devnet/miners/upstream.ts'
import {
  createUpstreamChat,
  createUpstreamImages,
  createUpstreamSpeech,
} from '../../../devnet/miners/upstream-services.ts'

type Asked = { readonly url: string; readonly type: string; readonly body: string }

const signal = new AbortController().signal
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A server that lists the models a and b and answers everything else as told. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void, changes = {}) {
  const asked: Asked[] = []
  const server = http.createServer(async (request, response) => {
    if (request.url === '/v1/models') {
      response.end('{"data":[{"id":"a"},{"id":"b"}]}')
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { url = '', headers } = request
    asked.push({ url, type: headers['content-type'] ?? '', body: Buffer.concat(chunks).toString() })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`
  return { asked, upstream: createUpstream({ ...UPSTREAM, url, ...changes }) }
}

const request = (model: string) => ({ model, messages: [{ role: 'user', content: 'hi' }], top_k: 3 })

it('hands a chat on with all of its fields, under a model that the server has', async () => {
  const { asked, upstream } = await serve((_, response) => response.end('{"choices":[]}'))
  const chat = createUpstreamChat(upstream)
  expect(await chat.complete(request('yuma-text'), signal)).toBe('{"choices":[]}')
  await chat.complete(request('b'), signal)
  expect(asked.map(({ url, body }) => [url, JSON.parse(body)])).toEqual([
    ['/v1/chat/completions', { ...request('a'), stream: false }],
    ['/v1/chat/completions', { ...request('b'), stream: false }],
  ])
})

it('hands a stream’s payloads on as they are, without [DONE]', async () => {
  const { upstream } = await serve((_, response) => {
    response.end('data: {"t":"ü"}\r\n\r\n: ping\n\ndata:{"b":2}\n\ndata: [DONE]\n\ndata: {"c":3}\n\n')
  })
  const payloads: string[] = []
  for await (const payload of createUpstreamChat(upstream).stream(request('a'), signal))
    payloads.push(payload)
  expect(payloads).toEqual(['{"t":"ü"}', '{"b":2}'])
})

it('hands recordings and pictures on', async () => {
  const { asked, upstream } = await serve((_, response) => response.end('{}'))
  const file = Buffer.from('RIFF')
  await createUpstreamSpeech(upstream, () => 'mark').transcribe(
    { model: 'x', file, language: 'de', prompt: null, temperature: null },
    signal,
  )
  await createUpstreamImages(upstream).generate({ model: 'x', prompt: 'a tree', n: 2 }, signal)
  expect(asked[0]?.type).toBe('multipart/form-data; boundary=mark')
  expect(asked[0]?.body).toMatch(
    /name="model"\r\n\r\na\r\n[\s\S]*name="language"\r\n\r\nde\r\n[\s\S]*\r\n\r\nRIFF\r\n--mark--/,
  )
  expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ model: 'a', prompt: 'a tree', n: 2 })
})

it.each([
  [400, 400],
  [429, 429],
  [503, 503],
  [401, 502],
  [404, 502],
  [302, 502],
])('a server that answers %d makes the miner answer %d, without its words', async (status, expected) => {
  const { upstream } = await serve((_, response) => {
    response.writeHead(status, { location: 'http://127.0.0.1:1/' })
    response.end('secret')
  })
  const error = await createUpstreamChat(upstream)
    .complete(request('a'), signal)
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ status: expected })
  expect(String(error)).not.toContain('secret')
})

it('is a bad gateway when nobody listens or no model is listed', async () => {
  const upstream = createUpstream({ ...UPSTREAM, url: 'http://127.0.0.1:9/v1' })
  await expect(createUpstreamChat(upstream).complete(request('a'), signal)).rejects.toMatchObject({
    status: 502,
  })
})

it('gives up on a server that is silent', async () => {
  const { upstream } = await serve(() => {}, { firstByteTimeoutMs: 50 })
  await upstream.findModel('a', signal)
  await expect(createUpstreamChat(upstream).complete(request('a'), signal)).rejects.toMatchObject({
    status: 504,
  })
})

it('gives up on an answer without end', async () => {
  const pour = (response: ServerResponse) => {
    while (!response.destroyed && response.write(`data: ${'x'.repeat(10_000)}\n\n`)) {
      // Until the buffer is full.
    }
    response.once('drain', () => pour(response))
  }
  const { upstream } = await serve((_, response) => pour(response), { answerBytesMax: 1_000_000 })
  const read = async () => {
    for await (const _ of createUpstreamChat(upstream).stream(request('a'), signal)) {
      // Read on.
    }
  }
  await expect(read()).rejects.toMatchObject({ status: 502 })
  await expect(createUpstreamChat(upstream).complete(request('a'), signal)).rejects.toMatchObject({
    status: 502,
  })
})

it('breaks the call off when the caller has gone', async () => {
  let closed = () => {}
  const seen = new Promise<void>((resolve) => {
    closed = resolve
  })
  const controller = new AbortController()
  const { upstream } = await serve((_, response) => {
    response.on('close', closed)
    controller.abort()
  })
  await expect(createUpstreamChat(upstream).complete(request('a'), controller.signal)).rejects.toThrow()
  await seen
})
