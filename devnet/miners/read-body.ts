/** Reads a request's body within a bound. */
import type { IncomingMessage } from 'node:http'
import { DoorRefusal } from './door.ts'

/**
 * By events, since leaving an async iteration early would destroy the connection and with it the refusal.
 *
 * @throws DoorRefusal 413 when it is longer than `bytesMax`, 400 when it breaks off
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > bytesMax) {
        chunks.length = 0 // What still comes is thrown away.
        reject(new DoorRefusal(413, `The body is longer than ${bytesMax} bytes.`))
      } else {
        chunks.push(chunk)
      }
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('close', () => reject(new DoorRefusal(400, 'The body broke off.')))
  })
}
