/** Input that is wrong, too much or not what it says: refused clearly, charged nothing. */
import { request as httpRequest } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launch, type RunningGateway, remove } from './gateway.ts'

const JSON_BYTES_MAX = 256 * 1024
const UPLOAD_BYTES_MAX = 512 * 1024

let gateway: RunningGateway
let spentBefore = ''

beforeAll(async () => {
  gateway = await launch({
    env: {
      YUMAGATE_MAX_JSON_BYTES: String(JSON_BYTES_MAX),
      YUMAGATE_MAX_UPLOAD_BYTES: String(UPLOAD_BYTES_MAX),
    },
  })
})
afterAll(async () => {
  await gateway?.stop()
  if (gateway) remove(gateway.directory)
})
beforeEach(async () => {
  spentBefore = (await account()).spent_rao
})
afterEach(async () => {
  const { spent_rao: spent, held_rao: held } = await account()
  expect({ spent, held }).toEqual({ spent: spentBefore, held: '0' })
})

const auth = () => ({ authorization: `Bearer ${gateway.key}` })
const account = async () =>
  (await (await fetch(`${gateway.url}/v1/account`, { headers: auth() })).json()) as {
    spent_rao: string
    held_rao: string
  }
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}/v1${path}`, {
    method: 'POST',
    headers: { ...auth(), 'content-type': 'application/json', ...headers },
    body,
  })
const chat = (extra: object = {}) =>
  JSON.stringify({ model: 'yuma-text', messages: [{ role: 'user', content: 'Hi' }], ...extra })
const errorOf = async (answer: Response) =>
  ((await answer.json()) as { error: Record<string, unknown> }).error

describe('400', () => {
  it.each([
    ['malformed JSON', '{"model": "x", ', null],
    ['a wrong type', chat({ messages: 'hi' }), 'messages'],
    [
      'a wrong type deep down',
      chat({ messages: [{ role: 'user', content: [{ type: 'text' }] }] }),
      'messages.0.content.0.text',
    ],
    ['a temperature out of range', chat({ temperature: 9 }), 'temperature'],
    [
      'a picture that is none',
      chat({
        model: 'yuma-vision',
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
          },
        ],
      }),
      'messages.0.content.0.image_url.url',
    ],
    [
      'a picture by address',
      chat({
        model: 'yuma-vision',
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'http://169.254.169.254/x.png' } }],
          },
        ],
      }),
      'messages.0.content.0.image_url.url',
    ],
  ])('%s names the path', async (_name, body, param) => {
    const answer = await post('/chat/completions', body)
    expect(answer.status).toBe(400)
    expect(await errorOf(answer)).toMatchObject({ type: 'invalid_request_error', param })
  })

  it('a recording that cannot be decoded says what it is instead', async () => {
    const form = new FormData()
    form.append('model', 'yuma-transcribe')
    form.append('file', new Blob(['<html>no sound</html>']), 'a.wav')
    const answer = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: auth(),
      body: form,
    })
    expect(answer.status).toBe(400)
    expect(await errorOf(answer)).toMatchObject({ code: 'invalid_audio', param: 'file' })
  })
})

describe('401', () => {
  it.each(['', 'Bearer', 'Bearer nonsense', 'Basic abc'])(
    'with %j, without repeating it',
    async (authorization) => {
      const answer = await fetch(`${gateway.url}/v1/models`, { headers: { authorization } })
      expect(answer.status).toBe(401)
      expect(JSON.stringify(await errorOf(answer))).not.toContain('nonsense')
    },
  )
})

describe('404, 405, 415', () => {
  it('an unknown model names its param', async () => {
    const answer = await post('/chat/completions', chat({ model: 'no-such-model' }))
    expect(answer.status).toBe(404)
    expect(await errorOf(answer)).toMatchObject({ code: 'model_not_found', param: 'model' })
  })

  it('an unknown path, a wrong method and a wrong content type each have their own answer', async () => {
    expect((await post('/nothing', '{}')).status).toBe(404)
    const method = await fetch(`${gateway.url}/v1/chat/completions`, { headers: auth() })
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await post('/chat/completions', chat(), { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post('/chat/completions', chat(), { 'content-encoding': 'gzip' })).status).toBe(415)
  })
})

describe('413', () => {
  it('reaches a client that is still sending, twenty times out of twenty', async () => {
    for (let i = 0; i < 20; i += 1) expect(await sendTooMuch({ throttle: false })).toBe(413)
  })

  it('reaches a client that sends slowly', async () => {
    expect(await sendTooMuch({ throttle: true })).toBe(413)
  })

  it('holds for uploads too', async () => {
    const form = new FormData()
    form.append('model', 'yuma-transcribe')
    form.append('file', new Blob([new Uint8Array(UPLOAD_BYTES_MAX + 1)]), 'a.wav')
    const answer = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: auth(),
      body: form,
    })
    expect(answer.status).toBe(413)
  })
})

describe('503', () => {
  it('when all miners are busy, with a time to come back', async () => {
    const answer = await post('/chat/completions', chat({ model: 'busy-yuma-text' }))
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(answer.headers.get('x-should-retry')).toBe('true')
  })
})

/** Sends eight times the limit and does not stop for an answer. @returns the status that came */
function sendTooMuch({ throttle }: { throttle: boolean }): Promise<number> {
  const sizeBytes = JSON_BYTES_MAX * 8
  const { hostname, port } = new URL(gateway.url)
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        hostname,
        port,
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { ...auth(), 'content-type': 'application/json', 'content-length': sizeBytes },
      },
      (incoming) => {
        incoming.resume()
        incoming.on('end', () => resolve(incoming.statusCode ?? 0))
      },
    )
    outgoing.on('error', reject)
    const chunk = Buffer.alloc(64 * 1024, 0x20)
    let left = sizeBytes
    const next = () => {
      if (left === 0) {
        outgoing.end()
        return
      }
      const part = chunk.subarray(0, Math.min(chunk.length, left))
      left -= part.length
      const isTaken = outgoing.write(part)
      if (throttle) setTimeout(next, 20)
      else if (isTaken) setImmediate(next)
      else outgoing.once('drain', next)
    }
    next()
  })
}
