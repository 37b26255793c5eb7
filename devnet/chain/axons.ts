/** Addresses that neurons publish, in the form the chain stores. */
import { isIP, isIPv4 } from 'node:net'
import type { AxonInfo } from './runtime/subtensor-types.ts'

/** Where a miner can be reached. */
export type AxonAddress = { readonly ip: string; readonly port: number }

/** Nothing can be reached there from outside somebody's own network, and a gateway must not even try. */
export const PRIVATE_AXON: AxonAddress = { ip: '10.1.2.3', port: 8091 }

/** Nothing listens there: below the ports that operating systems give out by themselves. */
export const GONE_AXON: AxonAddress = { ip: '127.0.0.1', port: 20_404 }

/** `major * 1e6 + minor * 1e3 + patch`: what software of version 10.2.0 writes. */
const SOFTWARE_VERSION = 10_002_000

/** @throws Error when it is not a literal address */
export function axonOf({ ip, port }: AxonAddress, block: number): AxonInfo {
  return {
    block: BigInt(block),
    version: SOFTWARE_VERSION,
    ip: parseAddress(ip),
    port,
    ip_type: isIPv4(ip) ? 4 : 6,
    protocol: 4,
    placeholder1: 0,
    placeholder2: 0,
  }
}

/** The number that the chain stores for a literal address: 32 bits of IPv4, or 128 of IPv6. */
export function parseAddress(ip: string): bigint {
  if (isIP(ip) === 0) throw new Error(`${ip} is not an address.`)
  if (isIPv4(ip)) return ip.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
  const [left = '', right] = ip.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`)))
  const head = groups(left)
  const tail = right === undefined ? [] : groups(right)
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0n)
  return [...head, ...zeros, ...tail].reduce((sum, group) => sum * 65_536n + group, 0n)
}
