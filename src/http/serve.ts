/** Puts the app on a socket: limits of time and size on headers, and a drain that lets running answers end. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { HttpEnv } from './http-env.ts'
import { type RunningSignals, whenOver } from './running-signals.ts'

/** Slow senders are cut: Node looks for them only each `CHECK_MS`. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 120_000
const CHECK_MS = 5_000
const KEEP_ALIVE_MS = 65_000 // Longer than the 60 s of common proxies, so that it is they who close.
const HEADER_BYTES_MAX = 32 * 1024

export type Served = {
  /** `http://127.0.0.1:8787`, with the port that was taken. */
  readonly url: string
  readonly port: number
  /** Requests whose answer is not complete. */
  readonly running: () => number
  /** Takes no more connections, waits for running answers at most `drainMs`, then ends them. */
  close(drainMs: number): Promise<void>
}

export type ServeOptions = { readonly host: string; readonly port: number; readonly signals: RunningSignals }

/** @throws Error with `code` `EADDRINUSE`, `EACCES` or `EADDRNOTAVAIL` when the address cannot be had */
export async function serveApp(app: Hono<HttpEnv>, { host, port, signals }: ServeOptions): Promise<Served> {
  const running = new Set<ServerResponse>()
  const listener = getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
    // Bodies are read from the raw request; what is left of a refused one is discarded by `discardRest`.
    autoCleanupIncoming: false,
  })
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      noDelay: true,
    },
    (incoming, outgoing) => {
      running.add(outgoing)
      whenOver({ incoming, outgoing }, () => running.delete(outgoing))
      void listener(incoming, outgoing)
    },
  )
  server.maxRequestsPerSocket = 0
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
