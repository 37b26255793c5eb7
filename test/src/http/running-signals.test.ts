/** Signals, against real connections: whoever leaves is noticed, also behind another answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { RunningSignals } from '../../../src/http/running-signals.ts'

let server: Server | null = null
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server?.closeAllConnections()
  server?.close()
  server = null
})

/** A server that hands each request to `take`, and a connection to it. */
async function open(
  take: (bindings: { incoming: IncomingMessage; outgoing: ServerResponse }) => void,
): Promise<Socket> {
  const listening = createServer((incoming, outgoing) => take({ incoming, outgoing })).listen(0, '127.0.0.1')
  server = listening
  await new Promise((resolve) => listening.once('listening', resolve))
  const socket = connect((listening.address() as AddressInfo).port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined)
  return socket
}

const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const codeOf = (signal: AbortSignal | undefined) => (signal?.reason as { code?: string } | undefined)?.code

describe('RunningSignals', () => {
  it('tells of a client that leaves, also when its answer waits behind another on the same connection', async () => {
    const signals = new RunningSignals({ requestTimeoutMs: 60_000 })
    const watched: AbortSignal[] = []
    const socket = await open((bindings) => watched.push(signals.watch(bindings)))
    socket.write(request + request)
    await expect.poll(() => watched.length).toBe(2)
    socket.destroy()
    await expect.poll(() => watched.every((signal) => codeOf(signal) === 'client_closed_request')).toBe(true)
  })

  it('does not fire for an answer that is complete', async () => {
    const signals = new RunningSignals({ requestTimeoutMs: 60_000 })
    let watched: AbortSignal | undefined
    const socket = await open((bindings) => {
      watched = signals.watch(bindings)
      bindings.outgoing.end('ok')
    })
    socket.write(request)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    await expect.poll(() => socket.destroyed).toBe(true)
    signals.abortAll()
    expect(watched?.aborted).toBe(false)
  })

  it('ends a request that takes too long, but not one that follows a run', async () => {
    const signals = new RunningSignals({ requestTimeoutMs: 20 })
    let watched: AbortSignal | undefined
    let followed: AbortSignal | undefined
    const socket = await open((bindings) => {
      watched = signals.watch(bindings)
      followed = signals.follow(bindings)
    })
    socket.write(request)
    await expect.poll(() => codeOf(watched)).toBe('expert_timeout')
    expect(followed?.aborted).toBe(false)
  })

  it('tells running requests of the end as shutting_down', async () => {
    const signals = new RunningSignals({ requestTimeoutMs: 60_000 })
    let watched: AbortSignal | undefined
    const socket = await open((bindings) => {
      watched = signals.watch(bindings)
    })
    socket.write(request)
    await expect.poll(() => watched).toBeDefined()
    signals.abortAll()
    expect(codeOf(watched)).toBe('shutting_down')
  })
})
