/** Lets a key in: from where it may come, and how often. */
import type { Context } from 'hono'
import { KeyRate } from '../billing/key-rate.ts'
import type { Timing } from '../billing/timing.ts'
import { GatewayError } from '../errors.ts'
import { createNetworks, type IpNetworks, readClientAddress } from '../network/ip-networks.ts'
import type { KeyRules } from '../ports/keys.ts'
import type { RateLimits } from '../ports/limits.ts'
import type { HttpEnv } from './http-env.ts'

export type KeyDoorOptions = {
  readonly limits: RateLimits
  readonly timing: Pick<Timing, 'monotonicMs'>
  /** Proxies whose `X-Forwarded-For` is believed, as CIDR. */
  readonly trustedProxies: readonly string[]
}

/** @throws GatewayError `permission_denied` from another network · `rate_limit_exceeded` */
export type KeyDoor = (c: Context<HttpEnv>, rules: KeyRules, limitId: string) => Promise<void>

export function createKeyDoor({ limits, timing, trustedProxies }: KeyDoorOptions): KeyDoor {
  let trusted: IpNetworks | null = null
  /** Rules are the same object for as long as a key is remembered. */
  const networksOf = new WeakMap<KeyRules, IpNetworks>()

  const checkAddress = (c: Context<HttpEnv>, rules: KeyRules, cidrs: readonly string[]): void => {
    const networks = networksOf.get(rules) ?? createNetworks(cidrs)
    networksOf.set(rules, networks)
    trusted ??= createNetworks(trustedProxies)
    if (networks.has(readClientAddress(c.env.incoming, trusted))) return
    throw new GatewayError('permission_denied', 'This API key may not be used from your network address.')
  }

  return async (c, rules, limitId) => {
    if (rules.networks !== null) checkAddress(c, rules, rules.networks)
    const { requestsPerMinute, tokensPerMinute } = rules
    // Reading what there is, such as a run that one waits for, is free, and so is ending it.
    if (
      c.req.method !== 'POST' ||
      c.req.path.endsWith('/cancel') ||
      (requestsPerMinute ?? tokensPerMinute) === null
    )
      return
    const rate = new KeyRate({ limits, limitId, requestsPerMinute, tokensPerMinute, timing })
    c.set('rate', rate)
    await rate.takeRequest()
  }
}
