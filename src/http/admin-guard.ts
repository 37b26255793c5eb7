/** Keeps others out of the admin API: web pages by the Host header, everybody else by the token. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { Context, MiddlewareHandler } from 'hono'
import { GatewayError } from '../errors.ts'
import { readClientAddress } from '../network/ip-networks.ts'
import type { Actor } from '../ports/accounts.ts'
import { readBearer } from './authenticate.ts'
import type { HttpEnv } from './http-env.ts'

/** Who says that they make a change; the token proves only that they may. */
const ACTOR_HEADER = 'x-yumagate-actor'

/**
 * @param tokens - each of them opens
 * @param host - the name it was told to listen on, which is one it may be called by
 */
export function guardAdmin(tokens: readonly string[], host: string): MiddlewareHandler<HttpEnv> {
  const expected = tokens.map(digest)
  return async (c, next) => {
    c.set('requestId', 'admin')
    c.set('isPrivate', true)
    if (!isOwnName(c.env.incoming.headers.host ?? '', host)) {
      throw new GatewayError(
        'permission_denied',
        'The Host header must be an address, localhost, or a name without a dot: a name of the web may have been pointed here by anyone.',
      )
    }
    // Of equal length whatever was given, so that the time tells nothing of the token.
    const given = digest(readBearer(c.env.incoming))
    if (!expected.some((one) => timingSafeEqual(given, one))) {
      throw new GatewayError('invalid_api_key', 'The token is not that of this gateway.')
    }
    await next()
  }
}

/** For the audit log. @throws GatewayError `invalid_request` a name that is none */
export function readActor(c: Context<HttpEnv>): Actor {
  const name = c.req.header(ACTOR_HEADER) ?? 'admin'
  const address = readClientAddress(c.env.incoming, null)
  if (/^[\x20-\x7e]{1,64}$/.test(name)) return { name, address: address === '' ? null : address }
  throw new GatewayError('invalid_request', `${ACTOR_HEADER}: must be 1 to 64 printable ASCII characters.`)
}

/** A page that rebinds its name to this machine sends that name, which has a dot. */
function isOwnName(header: string, host: string): boolean {
  const name = /^\[([^\]]+)\](?::\d+)?$/.exec(header)?.[1] ?? header.replace(/:\d+$/, '').toLowerCase()
  return isIP(name) !== 0 || name === host.toLowerCase() || /^[a-z0-9-]{1,63}$/.test(name)
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
