import { expect, it } from 'vitest'
import { classifyAddress, networkOf, urlOf } from '../../../src/network/addresses.ts'

it.each([
  ['8.8.8.8', 'public'],
  ['1.1.1.1', 'public'],
  ['2606:4700:4700::1111', 'public'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['0.0.0.0', 'private'],
  ['10.0.0.5', 'private'],
  ['100.64.0.1', 'private'],
  ['169.254.169.254', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['192.0.2.1', 'private'],
  ['198.18.0.1', 'private'],
  ['198.51.100.7', 'private'],
  ['203.0.113.9', 'private'],
  ['224.0.0.1', 'private'],
  ['240.0.0.1', 'private'],
  ['255.255.255.255', 'private'],
  ['::', 'private'],
  ['::ffff:10.0.0.1', 'private'],
  ['::ffff:8.8.8.8', 'private'],
  ['64:ff9b::a00:1', 'private'],
  ['2002:a00:1::', 'private'],
  ['fc00::1', 'private'],
  ['fe80::1', 'private'],
  ['ff02::1', 'private'],
  ['2001:db8::1', 'private'],
  ['fe80::1%eth0', 'invalid'],
  ['localhost', 'invalid'],
  ['2130706433', 'invalid'],
  ['0x7f000001', 'invalid'],
  ['127.1', 'invalid'],
  ['１２７.0.0.1', 'invalid'],
  ['8.8.8.8:80', 'invalid'],
  ['', 'invalid'],
])('%s is %s', (ip, kind) => {
  expect(classifyAddress(ip)).toBe(kind)
})

it('tells operators apart by /24 and /64, and not at all on loopback', () => {
  expect(networkOf('8.8.4.4')).toBe('8.8.4.0/24')
  expect(networkOf('2606:4700:4700::1111')).toBe('2606:4700:4700:0::/64')
  expect(networkOf('127.0.0.1')).toBeNull()
})

it('writes IPv6 in brackets', () => {
  expect(urlOf('2606:4700::1', 8080)).toBe('http://[2606:4700::1]:8080')
})
