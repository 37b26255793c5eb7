/**
 * Sockets over TLS on which no error goes unheard. ioredis (6.0.0) listens for one error of each socket, and a refused certificate may give
 * two: the refusal, and what the other side says to it. An error of a socket that nobody hears ends the process.
 */
import { connect, type TLSSocket } from 'node:tls'
import { AbstractConnector, type RedisOptions, SentinelConnector } from 'ioredis'

/** How long a socket may take to close in good order. */
const CLOSE_MS = 2_000

/** @returns what `RedisOptions.Connector` takes. The library asks for classes that inherit, so there are two that do. */
export function tlsConnector(options: RedisOptions): new (given: unknown) => AbstractConnector {
  if (options.sentinels) {
    return class extends SentinelConnector {
      constructor(given: unknown) {
        // The library hands over its own options, filled up with its defaults, and does not say their type.
        super(given as RedisOptions)
      }

      override async connect(...parameters: Parameters<SentinelConnector['connect']>) {
        return hear(await super.connect(...parameters))
      }
    }
  }
  return class extends AbstractConnector {
    readonly #given: RedisOptions

    constructor(given: unknown) {
      super(CLOSE_MS)
      // As above; nodes of a Cluster are given their own address.
      this.#given = given as RedisOptions
    }

    async connect(): Promise<TLSSocket> {
      this.connecting = true
      const { host = 'localhost', port = 6379, tls } = this.#given
      // Not before the library has the socket's listeners in mind: it adds them in the turn after this one.
      await new Promise<void>((done) => process.nextTick(done))
      if (!this.connecting) throw new Error('Connection is closed.')
      const socket = hear(connect({ host, port, ...tls }))
      socket.once('error', (error) => {
        this.firstError = error
      })
      this.stream = socket
      return socket
    }
  }
}

function hear<Socket extends { on(event: 'error', listener: () => void): unknown }>(socket: Socket): Socket {
  socket.on('error', () => {
    // The library hears the first one and closes; whatever follows is about the same.
  })
  return socket
}
