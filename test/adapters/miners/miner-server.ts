/** A raw HTTP server that does what the dialect contract asks of a miner, byte by byte. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Dialect } from '../../../src/ports/miner.ts'
import { type DialectStage, LONG, type MinerBehaviour, SAID } from '../../contract/dialect.ts'

/** How one dialect's wire differs: the JSON text around a chat completion. */
export type Wire = { wrap(completionJson: string): string }

type Act = (request: { response: ServerResponse; isStream: boolean; wire: Wire }) => void

/** Starts the server and gives the stage of the contract. */
export async function stageMiner(
  behaviour: MinerBehaviour,
  wire: Wire,
  dialect: Dialect,
): Promise<DialectStage> {
  const brokenOff = deferred()
  const server = http.createServer((request, response) => {
    response.on('error', () => {})
    response.on('close', () => {
      if (!response.writableFinished) brokenOff.resolve()
    })
    void readBody(request).then((body) => {
      ACTS[behaviour]({ response, wire, isStream: /\\?"stream\\?":true/.test(body) })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  if (behaviour === 'is-not-there') await new Promise((resolve) => server.close(resolve))
  return {
    dialect,
    target: {
      netuid: 1,
      mechid: 0,
      uid: 3,
      hotkey: '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
      baseUrl: `http://127.0.0.1:${port}`,
      bearer: null,
    },
    brokenOff: brokenOff.promise,
    async close() {
      await dialect.close()
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const COMPLETION = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: SAID }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 },
})

function chunk(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices,
  })
}

const FIRST = SAID.slice(0, SAID.indexOf(' '))
const ROLE = `data: ${chunk({ role: 'assistant', content: '' })}\n\n`
const TEXT = [FIRST, SAID.slice(FIRST.length, -6), SAID.slice(-6)].map(
  (content) => `data: ${chunk({ content })}\n\n`,
)
const STOP = `data: ${chunk({}, 'stop')}\n\n`
const DONE = 'data: [DONE]\n\n'
const ERROR = `data: ${JSON.stringify({ error: { message: 'secret', code: 502 } })}\n\n`

function open(response: ServerResponse, type = 'text/event-stream'): void {
  response.writeHead(200, { 'content-type': type })
}

function sendJson(response: ServerResponse, status: number, text: string, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(text)
}

function status(code: number, headers = {}, error: object = { message: 'secret of the miner' }): Act {
  return ({ response }) => sendJson(response, code, JSON.stringify({ error }), headers)
}

function stream(response: ServerResponse, text: string): void {
  open(response)
  response.end(text)
}

/** Writes byte ranges that cut every multi-byte character and every CR LF in two. */
async function dribble(response: ServerResponse, text: string): Promise<void> {
  const bytes = Buffer.from(text)
  let start = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    if ((byte & 0xc0) !== 0x80 && byte !== 10) continue
    response.write(bytes.subarray(start, at))
    start = at
    await new Promise((resolve) => setImmediate(resolve))
  }
  response.end(bytes.subarray(start))
}

function awkward(): string {
  const events = [ROLE, ...TEXT, STOP].map((event) => event.replace('data: ', 'data:'))
  const odd = `\uFEFF: hello\n\ndata:\n\nevent: keepalive\ndata:\n\nretry: 3000\nid: 7\n${events.join(': ping\n')}`
  return `${odd.replaceAll('\n', '\r\n')}data: [DONE]`
}

/** Writes pieces for as long as the other side reads. */
function pour(response: ServerResponse, piece: string): void {
  while (!response.destroyed && response.write(piece)) {
    // Until the buffer is full.
  }
  if (!response.destroyed) response.once('drain', () => pour(response, piece))
}

const ACTS: Record<MinerBehaviour, Act> = {
  answers: ({ response, wire }) => sendJson(response, 200, wire.wrap(COMPLETION)),
  streams: ({ response }) => stream(response, [ROLE, ...TEXT, STOP, DONE].join('')),
  'streams-awkwardly': ({ response }) => {
    open(response, 'text/event-stream; charset=utf-8')
    void dribble(response, awkward())
  },
  'streams-without-done': ({ response }) => stream(response, [ROLE, ...TEXT, STOP].join('')),
  'streams-a-long-line': ({ response }) =>
    stream(response, `${ROLE}data: ${chunk({ content: LONG })}\n\n${STOP}${DONE}`),
  'is-busy': status(429, { 'retry-after': '7' }),
  'is-overloaded': status(503),
  'is-unauthorized': status(401),
  'is-forbidden': status(403),
  'has-no-such-model': status(404),
  refuses: status(400),
  'finds-it-too-long': status(400, {}, { message: 'secret', code: 'context_length_exceeded' }),
  fails: status(500),
  redirects: ({ response, wire }) => {
    sendJson(response, 302, wire.wrap(COMPLETION), { location: 'http://127.0.0.1:1/' })
  },
  'sends-garbage': ({ response, isStream }) => {
    open(response, isStream ? 'text/event-stream' : 'application/json')
    response.end('data: {nope\n\n')
  },
  'sends-html': ({ response }) => {
    open(response, 'text/html')
    response.end('<html>nginx</html>')
  },
  'sends-no-choices': ({ response, wire }) =>
    sendJson(response, 200, wire.wrap(JSON.stringify({ ...JSON.parse(COMPLETION), choices: [] }))),
  'sends-truncated-json': ({ response, wire }) => {
    const text = wire.wrap(COMPLETION)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length + 500 })
    response.write(text.slice(0, -30), () => response.destroy())
  },
  'sends-gzip': ({ response, isStream, wire }) => {
    const text = isStream ? [ROLE, ...TEXT, STOP, DONE].join('') : wire.wrap(COMPLETION)
    const type = isStream ? 'text/event-stream' : 'application/json'
    response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' })
    response.end(gzipSync(text))
  },
  'sends-an-error-as-200': ({ response, isStream }) => {
    if (isStream) stream(response, ERROR + DONE)
    else sendJson(response, 200, JSON.stringify({ error: { message: 'secret', code: 502 } }))
  },
  'answers-the-other-way': ({ response, isStream, wire }) => {
    if (isStream) sendJson(response, 200, wire.wrap(COMPLETION))
    else stream(response, [ROLE, ...TEXT, STOP, DONE].join(''))
  },
  'streams-role-then-error': ({ response }) => stream(response, ROLE + ERROR + DONE),
  'streams-text-then-error': ({ response }) => stream(response, `${ROLE}${TEXT[0]}${ERROR}${DONE}`),
  'streams-only-a-role': ({ response }) => stream(response, ROLE + DONE),
  'cuts-halfway': ({ response }) => stream(response, `${ROLE}${TEXT[0]}`),
  'cuts-the-line': ({ response }) => {
    open(response)
    response.write(`${ROLE}${TEXT[0]}data: {"id":"chatcmpl-1","choi`, () => response.destroy())
  },
  'hangs-before-the-first-byte': () => {},
  'hangs-mid-stream': ({ response }) => {
    open(response)
    response.write(`${ROLE}${TEXT[0]}`)
  },
  'streams-without-end': ({ response }) => {
    open(response)
    response.write(ROLE)
    pour(response, TEXT.join('').repeat(20))
  },
  'sends-a-huge-line': ({ response, isStream }) => {
    open(response, isStream ? 'text/event-stream' : 'application/json')
    response.write('data: {"choices":"')
    pour(response, 'x'.repeat(65_536))
  },
  drips: ({ response, isStream }) => {
    open(response, isStream ? 'text/event-stream' : 'application/json')
    if (isStream) response.write(`${ROLE}${TEXT[0]}data: {`)
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  },
  'closes-at-once': ({ response }) => response.destroy(),
  'is-not-there': () => {},
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const piece of request) chunks.push(piece)
  return Buffer.concat(chunks).toString()
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
