/** What an exchange leaves behind: connections, listeners, requests that nobody wants any more. */
import { getEventListeners, once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createOpenAIDialect, MINER_LIMITS } from '../../../../adapters/miners/index.ts'
import type { Dialect } from '../../../../src/ports/miner.ts'
import { COMPLETION } from '../miner-server.ts'

const chunk = (content: string) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`

let dialect: Dialect
let act: (response: ServerResponse) => void
let server: http.Server
let connections = 0
let requests = 0

beforeEach(async () => {
  dialect = createOpenAIDialect({ limits: MINER_LIMITS, nowMs: () => 0 })
  connections = 0
  requests = 0
  server = http.createServer((request, response) => {
    requests += 1
    response.on('error', () => {})
    request.resume().on('end', () => act(response))
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  await dialect.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const portOf = (of: net.Server) => (of.address() as AddressInfo).port

function attempt(stream: boolean, signal: AbortSignal, changes: object = {}) {
  const baseUrl = `http://127.0.0.1:${portOf(server)}`
  const target = { netuid: 1, mechid: 0, uid: 1, hotkey: 'h', bearer: null, baseUrl, ...changes }
  const options = { timeoutMs: 30_000, firstByteTimeoutMs: 30_000, signal }
  return dialect.attempt(target, { kind: 'chat', body: '{}', stream }, options)
}

async function openStream(signal: AbortSignal) {
  const answer = await attempt(true, signal)
  if (answer.kind !== 'chat-stream') throw new Error(answer.kind)
  return answer.payloads[Symbol.asyncIterator]()
}

it('uses a connection again: after an answer, a refusal, a busy sign, a stream', async () => {
  const { signal } = new AbortController()
  const acts: ((response: ServerResponse) => void)[] = [
    (response) => response.end(COMPLETION),
    (response) => response.writeHead(429).end('{"error":{}}'),
    (response) => response.writeHead(400).end('{"error":{}}'),
    (response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${chunk('a')}data: [DONE]\n\n`),
    (response) => response.end(COMPLETION),
  ]
  for (const [index, next] of acts.entries()) {
    act = next
    const isStream = index === 3
    if (isStream) for (const stream = await openStream(signal); !(await stream.next()).done; );
    else await attempt(false, signal).catch(() => {})
    // A failure is known with the head; the rest of the answer needs its turns.
    for (let turn = 0; turn < 10; turn += 1) await setImmediate()
  }
  expect([requests, connections]).toEqual([5, 1])
})

it('leaves no listener on the signal, however the call ended', async () => {
  const controller = new AbortController()
  const { signal } = controller
  act = (response) => response.end(COMPLETION)
  await attempt(false, signal)
  act = (response) => response.writeHead(500).end()
  await attempt(false, signal).catch(() => {})
  act = (response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${chunk('a')}data: [DONE]\n\n`)
  const stream = await openStream(signal)
  await stream.next()
  await stream.next()
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

it('does not send a request that was given up while its connection was being made', async () => {
  act = (response) => response.end(COMPLETION)
  const controller = new AbortController()
  const call = attempt(false, controller.signal)
  // The request is handed over within microtasks; the connection needs a turn of the event loop.
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  controller.abort()
  await expect(call).rejects.toMatchObject({ code: 'client_closed_request' })
  await attempt(false, new AbortController().signal)
  expect(requests).toBe(1)
})

it('calls a miner unreachable that takes the connection but never gets through with it', async () => {
  const mute = net.createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const target = {
    netuid: 1,
    mechid: 0,
    uid: 1,
    hotkey: 'h',
    bearer: null,
    baseUrl: `https://127.0.0.1:${portOf(mute)}`,
  }
  const options = { timeoutMs: 30_000, firstByteTimeoutMs: 100, signal: new AbortController().signal }
  const call = dialect.attempt(target, { kind: 'chat', body: '{}', stream: false }, options)
  await expect(call).rejects.toMatchObject({ code: 'no_expert_available', cause: { reason: 'unreachable' } })
  await dialect.close()
  await new Promise((resolve) => mute.close(resolve))
})

it('throws at once when given up, also over payloads that were not read yet', async () => {
  act = (response) =>
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .write(chunk('a') + chunk('b') + chunk('c'))
  const controller = new AbortController()
  const stream = await openStream(controller.signal)
  expect((await stream.next()).done).toBe(false)
  controller.abort()
  await expect(stream.next()).rejects.toMatchObject({ code: 'client_closed_request' })
})

it.each([
  ['goes on without end', (response: ServerResponse) => pour(response)],
  ['does not close', () => {}],
])('ends a stream at [DONE] and drops a connection that %s after it', async (_name, after) => {
  let closed: Promise<unknown> = Promise.resolve()
  act = (response) => {
    closed = once(response, 'close')
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`${chunk('a')}data: [DONE]\n\n`)
    after(response)
  }
  const stream = await openStream(new AbortController().signal)
  expect((await stream.next()).done).toBe(false)
  expect((await stream.next()).done).toBe(true)
  await closed
})

it('an error page without end is not read to its end', async () => {
  let closed: Promise<unknown> = Promise.resolve()
  act = (response) => {
    closed = once(response, 'close')
    response.writeHead(400)
    pour(response)
  }
  await expect(attempt(false, new AbortController().signal)).rejects.toMatchObject({
    cause: { reason: 'refused' },
  })
  await closed
})

function pour(response: ServerResponse): void {
  while (!response.destroyed && response.write(': more\n'.repeat(1_000))) {
    // Until the buffer is full.
  }
  if (!response.destroyed) response.once('drain', () => pour(response))
}
