/** Speaks to a server byte by byte, as no client does. */
import { connect, type Socket } from 'node:net'

export type Spoken = {
  /** Status of each answer, in order. */
  readonly statuses: readonly number[]
  readonly text: string
  /** Whether the server ended the connection. */
  readonly isClosed: boolean
}

/**
 * Writes the bytes and reads until the server ends the connection, or `until` says that enough has come.
 *
 * @param until - of the text so far; by default one complete head
 */
export function speak(
  port: number,
  bytes: string,
  until: (text: string) => boolean = () => false,
): Promise<Spoken> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1')
    let text = ''
    const done = (isClosed: boolean) => {
      socket.destroy()
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))
      resolve({ statuses, text, isClosed })
    }
    socket.on('error', () => undefined)
    socket.on('close', () => done(true))
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1')
      if (until(text)) done(false)
    })
    socket.write(bytes, 'latin1')
  })
}
