import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createNetworks, parseNetwork, readClientAddress } from '../../../src/network/ip-networks.ts'

describe('networks', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
  ])('reads %s', (text, cidr) => {
    expect(parseNetwork(text)).toBe(cidr)
  })

  it.each([
    '',
    'example.org',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/24/1',
    '1.2.3',
    '::1/129',
    'fe80::1%eth0',
    '10.0.0.0/08',
  ])('refuses %j', (text) => {
    expect(parseNetwork(text)).toBeNull()
  })

  it.each([
    ['192.0.2.255', true],
    ['192.0.3.0', false],
    ['2001:db8:1::1', true],
    ['2001:db9::1', false],
    ['', false],
    ['localhost', false],
  ])('%s lies in them: %s', (address, isIn) => {
    expect(createNetworks(['192.0.2.0/24', '2001:db8::/32']).has(address)).toBe(isIn)
  })

  it('none holds nothing, also where all of one kind is allowed', () => {
    expect(createNetworks([]).has('192.0.2.1')).toBe(false)
    expect(createNetworks(['0.0.0.0/0']).has('2001:db8::1')).toBe(false)
  })
})

describe('where a request came from', () => {
  const ask = (remoteAddress: string | undefined, forwarded?: string, proxies: readonly string[] = []) =>
    readClientAddress(
      { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage,
      createNetworks(proxies),
    )

  it('is the other end of the connection, whatever a header says', () => {
    expect(ask('198.51.100.1', '192.0.2.7')).toBe('198.51.100.1')
    expect(ask('::ffff:198.51.100.1', '192.0.2.7')).toBe('198.51.100.1')
    expect(ask(undefined)).toBe('')
  })

  it('is what a trusted proxy says', () => {
    expect(ask('::ffff:10.0.0.1', '192.0.2.7', ['10.0.0.0/8'])).toBe('192.0.2.7')
    expect(ask('10.0.0.1', '[2001:db8::7]:443', ['10.0.0.0/8'])).toBe('2001:db8::7')
    expect(ask('10.0.0.1', '192.0.2.7:1234', ['10.0.0.0/8'])).toBe('192.0.2.7')
  })

  it('is the last hop before the trusted ones: what a caller made up before it is not read', () => {
    expect(ask('10.0.0.1', '127.0.0.1, 192.0.2.7, 10.0.0.9', ['10.0.0.0/8'])).toBe('192.0.2.7')
    expect(ask('10.0.0.1', '127.0.0.1, 192.0.2.7', ['10.0.0.0/8'])).toBe('192.0.2.7')
  })

  it('is the proxy itself when it says nothing, or nothing that is an address', () => {
    expect(ask('10.0.0.1', undefined, ['10.0.0.0/8'])).toBe('10.0.0.1')
    expect(ask('10.0.0.1', '192.0.2.7, unknown', ['10.0.0.0/8'])).toBe('10.0.0.1')
    expect(ask('10.0.0.1', '10.0.0.3, 10.0.0.2', ['10.0.0.0/8'])).toBe('10.0.0.3')
  })
})
