/** Sets of IP networks, and which address a request came from. */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

export type IpNetworks = {
  /** @param address - an IP address; anything else lies in no network */
  has(address: string): boolean
}

/** Canonical CIDR of `192.0.2.0/24`, `2001:db8::/32` or of a single address. @returns null for anything else */
export function parseNetwork(text: string): string | null {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0 || address.includes('%')) return null
  const bitsMax = version === 4 ? 32 : 128
  if (bits === undefined) return `${address}/${bitsMax}`
  return /^(0|[1-9][0-9]{0,2})$/.test(bits) && Number(bits) <= bitsMax ? `${address}/${bits}` : null
}

/** @param cidrs - as `parseNetwork` writes them */
export function createNetworks(cidrs: readonly string[]): IpNetworks {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    has(address) {
      const version = isIP(address)
      return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
    },
  }
}

/**
 * Where a request came from: the nearest hop of `X-Forwarded-For` that is no trusted proxy, when a trusted proxy handed it on; else the
 * other end of the connection. What stands further left may be made up, and is not read.
 *
 * @param trusted - proxies in front of this gateway; null for none
 * @returns an IP address, or an empty text when the connection is gone
 */
export function readClientAddress(incoming: IncomingMessage, trusted: IpNetworks | null): string {
  let nearest = plainAddress(incoming.socket.remoteAddress ?? '')
  if (!trusted?.has(nearest)) return nearest
  const header = incoming.headers['x-forwarded-for']
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').reverse()
  for (const hop of hops) {
    const address = plainAddress(hop.trim())
    // What is no address was not written by a proxy of ours.
    if (isIP(address) === 0) return nearest
    nearest = address
    if (!trusted.has(address)) return address
  }
  return nearest
}

/** Without a port, brackets, a zone, and the mapping of IPv4 into IPv6. */
function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1]
  const address = bracketed ?? (/^[^:]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text)
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}
