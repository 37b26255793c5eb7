/** Puts the app on a socket: limits of time and size on headers, and a drain that lets running answers end. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { BodyBudget } from './body-budget.ts'
import type { HttpEnv } from './http-env.ts'
import { errorBody } from './reply.ts'
import { type RunningSignals, whenOver } from './running-signals.ts'
import { endConnection, findAmbiguity, isBehindEnd } from './strict-request.ts'

/** How long a sender may take. Node looks for slow ones only each `checkMs`. */
export type SenderTimes = {
  /** From the connection, or from the first byte of a later request, to the end of its headers. */
  readonly headersMs: number
  /** To the end of its body. */
  readonly requestMs: number
  readonly checkMs: number
}

const SENDER_TIMES: SenderTimes = { headersMs: 10_000, requestMs: 120_000, checkMs: 5_000 }
const KEEP_ALIVE_MS = 65_000 // Longer than the 60 s of common proxies, so that it is they who close.
const HEADER_BYTES_MAX = 32 * 1024

/** Requests of one connection that run at once. Clients open more connections instead; only a flood pipelines so many. */
const PIPELINED_MAX = 100

export type Served = {
  /** `http://127.0.0.1:8787`, with the port that was taken. */
  readonly url: string
  readonly port: number
  /** Requests whose answer is not complete. */
  readonly running: () => number
  /** Takes no more connections, waits for running answers at most `drainMs`, then ends them. */
  close(drainMs: number): Promise<void>
}

export type ServeOptions = {
  readonly host: string
  readonly port: number
  readonly signals: RunningSignals
  /** Bounds the bytes of bodies in flight; without it they are bounded one by one. */
  readonly bodies?: BodyBudget
  readonly senderTimes?: SenderTimes
}

/** @throws Error with `code` `EADDRINUSE`, `EACCES` or `EADDRNOTAVAIL` when the address cannot be had */
export async function serveApp(app: Hono<HttpEnv>, options: ServeOptions): Promise<Served> {
  const { host, port, signals, bodies, senderTimes = SENDER_TIMES } = options
  const running = new Set<ServerResponse>()
  const perSocket = new WeakMap<Socket, number>()
  const listener = getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
    // Bodies are read from the raw request; what is left of a refused one is discarded by `discardRest`.
    autoCleanupIncoming: false,
  })
  const server = createServer(
    {
      headersTimeout: senderTimes.headersMs,
      requestTimeout: senderTimes.requestMs,
      connectionsCheckingInterval: senderTimes.checkMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      noDelay: true,
    },
    (incoming, outgoing) => {
      if (isBehindEnd(incoming)) return
      const { socket } = incoming
      const pipelined = (perSocket.get(socket) ?? 0) + 1
      perSocket.set(socket, pipelined)
      running.add(outgoing)
      const giveBack = bodies?.watch(incoming)
      whenOver({ incoming, outgoing }, () => {
        running.delete(outgoing)
        giveBack?.()
        perSocket.set(socket, (perSocket.get(socket) ?? 1) - 1)
      })
      const refusal = refuse(incoming, pipelined)
      if (refusal) {
        endConnection(socket)
        refuseRaw(outgoing, refusal)
        return
      }
      void listener(incoming, outgoing)
    },
  )
  server.maxRequestsPerSocket = 0
  // Their bytes are bounded; Node's own bound would leave the last ones out without a word.
  server.maxHeadersCount = 0
  // Each request on a connection listens for its end; how many there are at once is the client's choice of pipelining.
  server.on('connection', (socket) => socket.setMaxListeners(0))
  await listen(server, host, port)
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    port: taken,
    running: () => running.size,
    close: (drainMs) => drain(server, { running, signals, drainMs }),
  }
}

function refuse(incoming: IncomingMessage, pipelined: number): GatewayError | null {
  const ambiguity = findAmbiguity(incoming)
  if (ambiguity !== null) return new GatewayError('invalid_request', ambiguity)
  if (pipelined <= PIPELINED_MAX) return null
  return new GatewayError(
    'queue_full',
    `More than ${PIPELINED_MAX} requests of this connection are running. Open another one.`,
    { retryAfterMs: 1_000 },
  )
}

/** Answers before anything of the request was believed, and ends the connection: what follows on it cannot be told from a body. */
function refuseRaw(outgoing: ServerResponse, error: GatewayError): void {
  const body = JSON.stringify(errorBody(error))
  const { retryAfterSeconds } = error
  outgoing.writeHead(error.spec.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...(retryAfterSeconds !== null && { 'retry-after': String(retryAfterSeconds) }),
  })
  outgoing.end(body)
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

type Drain = {
  readonly running: ReadonlySet<ServerResponse>
  readonly signals: RunningSignals
  readonly drainMs: number
}

async function drain(server: Server, { running, signals, drainMs }: Drain): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // Whoever asks on a kept connection from now on is told to come back on another one.
  for (const outgoing of running) if (!outgoing.headersSent) outgoing.setHeader('connection', 'close')
  server.closeIdleConnections()
  const sweep = setInterval(() => server.closeIdleConnections(), 100)
  const deadline = setTimeout(() => {
    signals.abortAll()
    // A moment for the in-band error to leave.
    setTimeout(() => server.closeAllConnections(), 500).unref()
  }, drainMs)
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
}
