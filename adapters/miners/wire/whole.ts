/** A whole answer: the body of a 2xx, collected within its bound. */
import type { GatewayError } from '../../../src/errors.ts'
import { Exchange, type ExchangeOptions, type OutgoingRequest } from './exchange.ts'
import { minerError } from './failure.ts'
import type { Place } from './origins.ts'

/** Sends the request and resolves with the body. @throws GatewayError as the port says */
export function readWhole(place: Place, request: OutgoingRequest, options: ExchangeOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const exchange: Exchange = new Exchange(
      place,
      {
        head(contentType): GatewayError | null {
          exchange.answered()
          const isOther = contentType.startsWith('text/event-stream') || contentType.startsWith('text/html')
          return isOther ? minerError('garbage', `${contentType.slice(0, 80)} instead of JSON`) : null
        },
        data(chunk) {
          chunks.push(chunk)
          return true
        },
        end() {
          const [only] = chunks
          resolve(only && chunks.length === 1 ? only : Buffer.concat(chunks))
        },
        fail: reject,
      },
      options,
    )
    exchange.send(request)
  })
}
