/** Which literal addresses may be called when a stranger named them: publicly routable unicast only. */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

export type AddressKind = 'public' | 'loopback' | 'private' | 'invalid'

/** Ranges that are not publicly routable unicast. Source: IANA's special-purpose address registries for IPv4 and IPv6, read 2026-11-25. */
const NOT_PUBLIC_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const

/** Outside 2000::/3 nothing is public; inside it, these are not, or wrap an IPv4 address. */
const NOT_PUBLIC_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const blocked = new BlockList()
for (const [address, prefix] of NOT_PUBLIC_V4) blocked.addSubnet(address, prefix, 'ipv4')
for (const [address, prefix] of NOT_PUBLIC_V6) blocked.addSubnet(address, prefix, 'ipv6')

const globalV6 = new BlockList()
globalV6.addSubnet('2000::', 3, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** @param ip - a literal address without brackets; host names and other spellings of numbers are `invalid` */
export function classifyAddress(ip: string): AddressKind {
  if (isIPv4(ip)) {
    if (loopback.check(ip, 'ipv4')) return 'loopback'
    return blocked.check(ip, 'ipv4') ? 'private' : 'public'
  }
  if (isIPv6(ip) && !ip.includes('%')) {
    if (loopback.check(ip, 'ipv6')) return 'loopback'
    return globalV6.check(ip, 'ipv6') && !blocked.check(ip, 'ipv6') ? 'public' : 'private'
  }
  return 'invalid'
}

/** The /24 or /64 that an address lies in: as a rule one operator's. Null for loopback, where it tells nothing. */
export function networkOf(ip: string): string | null {
  if (classifyAddress(ip) === 'loopback') return null
  if (isIPv4(ip)) return `${ip.split('.').slice(0, 3).join('.')}.0/24`
  return `${expandIpv6(ip).slice(0, 4).join(':')}::/64`
}

/** The one spelling of an address that the system uses too: `0:0:0:0:0:0:0:1` is `::1`. */
export function canonicalAddress(ip: string): string {
  return isIPv6(ip) ? new URL(urlOf(ip, 80)).hostname.slice(1, -1) : ip
}

/** `http://` URL of a literal address, IPv6 in brackets. */
export function urlOf(ip: string, port: number): string {
  return `http://${isIPv6(ip) ? `[${ip}]` : ip}:${port}`
}

function expandIpv6(ip: string): string[] {
  const [head = '', tail] = ip.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  if (tail === undefined) return left
  const right = tail === '' ? [] : tail.split(':')
  return [
    ...left,
    ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'),
    ...right,
  ]
}
