/** Finds out whose request it is: `Authorization: Bearer <key>`, exactly one. */
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'

/**
 * The key that a request carries.
 *
 * @throws GatewayError `invalid_api_key` none, several, or not a bearer key; the key itself is never repeated
 */
export function readBearer(incoming: IncomingMessage): string {
  const given = incoming.headers.authorization
  if (given === undefined) {
    throw new GatewayError(
      'invalid_api_key',
      'No API key was given. Send it as the header Authorization: Bearer <key>.',
    )
  }
  // Node keeps the first of several; which one counts must not depend on the proxy in front.
  let count = 0
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    if (incoming.rawHeaders[i]?.toLowerCase() === 'authorization') count += 1
  }
  const match = /^bearer +([\x21-\x7e]+) *$/i.exec(given)
  if (count > 1 || !match?.[1]) {
    throw new GatewayError('invalid_api_key', 'The Authorization header must be given once, as Bearer <key>.')
  }
  return match[1]
}
