/** The socket: what is refused before any app sees it, who is cut, and what is bounded. */
import { connect } from 'node:net'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { BodyBudget } from '../../../src/http/body-budget.ts'
import type { HttpEnv } from '../../../src/http/http-env.ts'
import { readForm } from '../../../src/http/multipart.ts'
import { replyError, replyJson } from '../../../src/http/reply.ts'
import { readJsonBody } from '../../../src/http/request-body.ts'
import { RunningSignals } from '../../../src/http/running-signals.ts'
import { type Served, type ServeOptions, serveApp } from '../../../src/http/serve.ts'
import { speak } from './wire.ts'

let served: Served | null = null
afterEach(async () => {
  await served?.close(0)
  served = null
})

/** Paths that an app has seen, and answers that wait until they are let go. */
type Stage = { readonly port: number; readonly seen: string[]; readonly letGo: () => void }

async function open(options: Partial<ServeOptions> = {}): Promise<Stage> {
  const seen: string[] = []
  const waiting: (() => void)[] = []
  const app = new Hono<HttpEnv>()
  app.use(async (c, next) => {
    seen.push(`${c.req.method} ${c.req.path}`)
    c.set('requestId', 'req_test')
    await next()
  })
  app.get('/ok', (c) => replyJson(c, { ok: true }))
  app.get('/wait', async (c) => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    return replyJson(c, { ok: true })
  })
  app.post('/json', async (c) => {
    const { text } = await readJsonBody(c.env.incoming, 1024)
    if (text.includes('wait')) await new Promise<void>((resolve) => waiting.push(resolve))
    return replyJson(c, { sizeBytes: text.length })
  })
  app.post('/form', async (c) =>
    replyJson(c, { file: (await readForm(c.env.incoming, 1024)).file?.fileName }),
  )
  app.onError((error, c) => replyError(c, error))
  app.notFound((c) => replyError(c, new GatewayError('not_found', 'Nothing here.')))
  served = await serveApp(app, {
    host: '127.0.0.1',
    port: 0,
    signals: new RunningSignals({ requestTimeoutMs: 60_000 }),
    ...options,
  })
  return {
    port: served.port,
    seen,
    letGo() {
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}

const HOST = 'Host: x\r\n'
const JSON_HEAD = `POST /json HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`
const HIDDEN = `GET /hidden HTTP/1.1\r\n${HOST}\r\n`

describe('a request that two servers could read in two ways is refused, and its connection ended', () => {
  it.each([
    [
      'Content-Length and Transfer-Encoding',
      `${JSON_HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      'Transfer-Encoding and Content-Length',
      `${JSON_HEAD}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ['two lengths', `${JSON_HEAD}Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}${HIDDEN}`],
    ['two equal lengths', `${JSON_HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${HIDDEN}`],
    ['a list of lengths', `${JSON_HEAD}Content-Length: 2, 2\r\n\r\n{}${HIDDEN}`],
    ['a length with a sign', `${JSON_HEAD}Content-Length: +2\r\n\r\n{}${HIDDEN}`],
    ['a length below zero', `${JSON_HEAD}Content-Length: -2\r\n\r\n{}${HIDDEN}`],
    ['a length in hexadecimal', `${JSON_HEAD}Content-Length: 0x2\r\n\r\n{}${HIDDEN}`],
    ['a length over 2^64', `${JSON_HEAD}Content-Length: 18446744073709551618\r\n\r\n{}${HIDDEN}`],
    ['an empty length', `${JSON_HEAD}Content-Length: \r\n\r\n{}${HIDDEN}`],
    ['lines that end in LF alone', `GET /ok HTTP/1.1\nHost: x\n\n${HIDDEN}`],
    ['one line that ends in LF alone', `GET /ok HTTP/1.1\r\nHost: x\nX-A: y\r\n\r\n${HIDDEN}`],
    ['a CR inside a value', `GET /ok HTTP/1.1\r\n${HOST}X-A: a\rb\r\n\r\n${HIDDEN}`],
    ['a NUL inside a value', `GET /ok HTTP/1.1\r\n${HOST}X-A: a\0b\r\n\r\n${HIDDEN}`],
    ['a folded line', `GET /ok HTTP/1.1\r\n${HOST}X-A: a\r\n b\r\n\r\n${HIDDEN}`],
    ['a space before the colon', `GET /ok HTTP/1.1\r\nHost : x\r\n\r\n${HIDDEN}`],
    [
      'a space before the colon of Transfer-Encoding',
      `${JSON_HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ['an unknown coding', `${JSON_HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    [
      'chunked that is not last',
      `${JSON_HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      'a coding beside chunked',
      `${JSON_HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      'two codings',
      `${JSON_HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      'chunks in HTTP/1.0',
      `POST /json HTTP/1.0\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      'a chunk size that is no number',
      `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ['a chunk size with 0x', `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n${HIDDEN}`],
    [
      'a chunk size below zero',
      `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      'a chunk size over 2^64',
      `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ['chunks that end in LF alone', `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n${HIDDEN}`],
    [
      'a chunk longer than its size',
      `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ['no Host', `GET /ok HTTP/1.1\r\nConnection: close\r\n\r\n`],
    ['two Hosts', `GET /ok HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${HIDDEN}`],
    ['an absolute URL', `GET http://elsewhere/ok HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['an absolute URL with a user', `GET http://a:b@elsewhere/ok HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['an asterisk', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['a raw character over 0x7f in the path', `GET /\xe9 HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['a NUL in the path', `GET /a%00b HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['another version', `GET /ok HTTP/2.0\r\n${HOST}\r\n${HIDDEN}`],
    ['no version', `GET /ok\r\n\r\n${HIDDEN}`],
    ['the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${HIDDEN}`],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('%s', async (_name, bytes) => {
    const { port, seen } = await open()
    const { statuses, isClosed } = await speak(port, bytes)
    expect({ statuses, isClosed }).toEqual({ statuses: [400], isClosed: true })
    expect(seen.filter((path) => path !== 'POST /json')).toEqual([])
  })

  it('CONNECT gets no answer at all', async () => {
    const { port } = await open()
    expect(await speak(port, `CONNECT elsewhere:80 HTTP/1.1\r\n${HOST}\r\n`)).toMatchObject({
      statuses: [],
      isClosed: true,
    })
  })

  it('says why in the envelope of all errors where Node itself had nothing against it', async () => {
    const { port } = await open()
    const { text } = await speak(port, `GET /ok HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`)
    expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toEqual({
      error: {
        message: 'Host must be given once.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_request',
      },
    })
  })
})

describe('headers', () => {
  it.each([
    ['one of 40,000 bytes', `GET /ok HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(40_000)}\r\n\r\n`],
    ['many', `GET /ok HTTP/1.1\r\n${HOST}${'X-A: b\r\n'.repeat(10_000)}\r\n`],
    ['a path of 40,000 bytes', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\n${HOST}\r\n`],
    [
      'trailers',
      `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n${'X-A: b\r\n'.repeat(10_000)}\r\n`,
    ],
  ])('over 32 KiB are refused: %s', async (_name, bytes) => {
    const { port } = await open()
    expect(await speak(port, bytes)).toMatchObject({ statuses: [431], isClosed: true })
  })

  it('none of those below is left out without a word, so that a second Host is seen wherever it stands', async () => {
    const { port } = await open()
    const bytes = `GET /ok HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(2_500)}${HOST}\r\n`
    expect((await speak(port, bytes)).statuses).toEqual([400])
  })

  it('extensions of chunks over 16 KiB are refused', async () => {
    const { port } = await open()
    const bytes = `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2;${'a'.repeat(40_000)}\r\n{}\r\n0\r\n\r\n`
    expect(await speak(port, bytes)).toMatchObject({ statuses: [413], isClosed: true })
  })
})

describe('what everybody reads the same way is served', () => {
  it('several requests in one packet are answered in their order', async () => {
    const { port, seen } = await open()
    const bytes = `GET /ok HTTP/1.1\r\n${HOST}\r\nGET /none HTTP/1.1\r\n${HOST}\r\nGET /ok HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`
    expect((await speak(port, bytes)).statuses).toEqual([200, 404, 200])
    expect(seen).toEqual(['GET /ok', 'GET /none', 'GET /ok'])
  })

  it('a body in chunks, with an extension and a trailer', async () => {
    const { port } = await open()
    const bytes = `${JSON_HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX-T: u\r\n\r\n`
    expect((await speak(port, bytes)).text).toContain('{"sizeBytes":2}')
  })

  it('a refused request whose body was not read does not let the body pass for the next request', async () => {
    const { port, seen } = await open()
    const bytes = `POST /nothing HTTP/1.1\r\n${HOST}Content-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}${HIDDEN}`
    const { statuses, isClosed } = await speak(port, bytes)
    expect({ statuses, isClosed, seen }).toEqual({ statuses: [404], isClosed: true, seen: ['POST /nothing'] })
  })
})

describe('slow senders', () => {
  const senderTimes = { headersMs: 100, requestMs: 200, checkMs: 20 }

  it.each([
    ['a connection that says nothing', ''],
    ['headers that never end', `GET /ok HTTP/1.1\r\n${HOST}X-A: `],
    ['a body that never ends', `${JSON_HEAD}Content-Length: 10\r\n\r\n{`],
    ['chunks that never end', `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`],
  ])('%s: is cut', async (_name, bytes) => {
    const { port } = await open({ senderTimes })
    const { statuses, isClosed } = await speak(port, bytes)
    expect(isClosed).toBe(true)
    expect(statuses.every((status) => status === 408)).toBe(true)
  })
})

describe('pipelining', () => {
  it('of more than 100 running requests on one connection is refused with a time to come back', async () => {
    const { port, seen, letGo } = await open()
    const answered = speak(port, `GET /wait HTTP/1.1\r\n${HOST}\r\n`.repeat(101))
    await expect.poll(() => seen.length).toBe(100)
    letGo()
    const { statuses, text } = await answered
    expect(statuses).toEqual([...Array.from({ length: 100 }, () => 200), 503])
    expect(text).toMatch(/retry-after: 1\r\n/)
  })
})

describe('bodies in flight', () => {
  const post = (body: string) =>
    `${JSON_HEAD}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`

  it('over the bound are refused with 503 and a time to come back, before they are read', async () => {
    const bodies = new BodyBudget(1024)
    const { port, seen, letGo } = await open({ bodies })
    const first = speak(port, post(`{"wait":"${'a'.repeat(900)}"}`))
    await expect.poll(() => bodies.takenBytes).toBe(911)
    const refused = await speak(port, post(`{"b":"${'b'.repeat(200)}"}`))
    expect(refused.statuses).toEqual([503])
    expect(refused.text).toMatch(/retry-after: 2\r\n/)
    expect(refused.text).toContain('"code":"queue_full"')
    expect(seen).toHaveLength(2)
    letGo()
    expect((await first).statuses).toEqual([200])
    await expect.poll(() => bodies.takenBytes).toBe(0)
    expect((await speak(port, post(`{"b":"${'b'.repeat(200)}"}`))).statuses).toEqual([200])
  })

  it('are counted as they come where their length is not announced', async () => {
    const bodies = new BodyBudget(100)
    const { port } = await open({ bodies })
    const chunk = `64\r\n${'a'.repeat(100)}\r\n`
    const { statuses } = await speak(
      port,
      `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    )
    expect(statuses).toEqual([503])
    await expect.poll(() => bodies.takenBytes).toBe(0)
  })

  it('are counted in forms too, and given back by whoever leaves inside of one', async () => {
    const bodies = new BodyBudget(1024)
    const { port } = await open({ bodies })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(
      `POST /form HTTP/1.1\r\n${HOST}Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 800\r\n\r\n--b\r\n`,
    )
    await expect.poll(() => bodies.takenBytes).toBe(800)
    socket.destroy()
    await expect.poll(() => bodies.takenBytes).toBe(0)
  })

  it('one that passes its own limit is a 413 and takes nothing', async () => {
    const bodies = new BodyBudget(2048)
    const { port } = await open({ bodies })
    const { statuses } = await speak(port, `${JSON_HEAD}Content-Length: 4096\r\n\r\n${'a'.repeat(4096)}`)
    expect(statuses).toEqual([413])
    expect(bodies.takenBytes).toBe(0)
  })
})
