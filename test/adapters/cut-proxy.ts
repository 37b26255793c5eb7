/** A TCP proxy on loopback that a test can cut, mute and mend. */
import { connect, createServer, type Socket } from 'node:net'

export type CutProxy = {
  readonly port: number
  /**
   * `open` passes all on · `refused` ends whoever connects · `silent` takes connections and holds everything back until it is open again · `deaf` passes questions on
   * and drops the answers.
   */
  set(mode: 'open' | 'refused' | 'silent' | 'deaf'): void
  /** Ends every connection there is. */
  cut(): void
  /** How many bytes of answers were dropped while deaf. */
  droppedBytes(): number
  close(): Promise<void>
}

export async function startCutProxy(target: { host: string; port: number }): Promise<CutProxy> {
  const sockets = new Set<Socket>()
  let mode: 'open' | 'refused' | 'silent' | 'deaf' = 'open'
  let dropped = 0
  // As a network that is cut: what was sent comes when it is mended.
  const hold = (): void => {
    for (const socket of sockets) socket.pause()
  }
  const server = createServer((caller) => {
    if (mode === 'refused') {
      caller.destroy()
      return
    }
    const upstream = connect(target)
    for (const socket of [caller, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {
        // Whoever is cut says so; the other side is ended in 'close'.
      })
      socket.on('close', () => {
        sockets.delete(socket)
        caller.destroy()
        upstream.destroy()
      })
    }
    caller.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => {
      if (mode === 'deaf') dropped += bytes.length
      else caller.write(bytes)
    })
    if (mode === 'silent') hold()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    set(next) {
      mode = next
      if (mode === 'silent') hold()
      else for (const socket of sockets) socket.resume()
    },
    cut,
    droppedBytes: () => dropped,
    async close() {
      cut()
      await new Promise((done) => server.close(done))
    },
  }
}
