/** What every handler finds in its context. */
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { KeyRate } from '../billing/key-rate.ts'
import type { Principal } from '../billing/principal-cache.ts'
import { GatewayError } from '../errors.ts'
import type { Caller } from '../inference/pay.ts'
import { parseRao } from '../units.ts'

export type HttpEnv = {
  Bindings: HttpBindings
  Variables: {
    /** `req_…`; sent as `x-request-id`, part of the hold's id, and kept on the receipt. */
    requestId: string
    /** Whose request it is; set behind authentication only. */
    principal: Principal
    /** What was taken of the key's rate limits; not set for a key without. */
    rate?: KeyRate
    /** No web page may read the answers. */
    isPrivate?: true
  }
}

/** Who asks and pays, with the cap that the request's own header sets. @throws GatewayError `invalid_request` a cap that is no amount */
export function readCaller(c: Context<HttpEnv>): Caller {
  const { account, key } = c.var.principal
  const header = c.env.incoming.headers['x-max-cost-rao']
  const costMaxRao = header === undefined ? null : parseRao(header)
  if (header !== undefined && costMaxRao === null) {
    throw new GatewayError(
      'invalid_request',
      'X-Max-Cost-Rao must be a whole amount in rao, such as 1000000.',
      {
        param: 'X-Max-Cost-Rao',
      },
    )
  }
  return {
    accountId: account.id,
    keyId: key.id,
    depositAddress: account.depositAddress,
    requestId: c.var.requestId,
    costMaxRao,
    rules: key.rules,
    rate: c.var.rate ?? null,
  }
}
