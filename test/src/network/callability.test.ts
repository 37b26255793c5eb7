import { describe, expect, it } from 'vitest'
import { findObstacle, REASONS } from '../../../src/network/callability.ts'
import type { Axon } from '../../../src/ports/chain.ts'
import { aMetagraph, aNeuron } from '../../fakes/metagraph.ts'

const metagraph = aMetagraph()
const strict = { allowLoopback: false }
const axon = (ip: string, port = 8091): Axon => ({ ip, port, ipType: ip.includes(':') ? 6 : 4, version: 0 })
const at = (ip: string, port?: number) =>
  findObstacle(aNeuron(2, { axon: axon(ip, port) }), metagraph, strict)

it('a scored miner at a public address can be called', () => {
  expect(at('8.8.8.8')).toBeNull()
  expect(at('2606:4700:4700:0:0:0:0:1111')).toBeNull()
})

it("the owner's hotkey is not called however much incentive it has, nor is any other hotkey of the owner's coldkey", () => {
  expect(findObstacle(aNeuron(0, { incentive: 65_535 }), metagraph, strict)).toBe('owner-burn')
  expect(findObstacle(aNeuron(9, { coldkey: metagraph.ownerColdkey }), metagraph, strict)).toBe('owner-burn')
})

it.each([
  [
    'a validator that serves nothing',
    aNeuron(1, { incentive: 0, validatorPermit: true, axon: null }),
    'no-incentive',
  ],
  ['a miner without incentive', aNeuron(2, { incentive: 0 }), 'no-incentive'],
  ['a miner without an address', aNeuron(2, { axon: null }), 'no-axon'],
  ['a miner with port 0', aNeuron(2, { axon: axon('8.8.8.8', 0) }), 'no-axon'],
] as const)('%s cannot', (_name, neuron, reason) => {
  expect(findObstacle(neuron, metagraph, strict)).toBe(reason)
})

it('a validator that also mines can', () => {
  expect(findObstacle(aNeuron(2, { validatorPermit: true }), metagraph, strict)).toBeNull()
})

describe('an address that somebody published to reach into our network', () => {
  it.each([
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.1',
    '127.0.0.1',
    '127.8.8.8',
    '224.0.0.1',
    '255.255.255.254',
    '0:0:0:0:0:0:0:1',
    '0:0:0:0:0:ffff:a00:1',
    '0:0:0:0:0:ffff:7f00:1',
    '64:ff9b:0:0:0:0:a00:1',
    '2002:a00:1:0:0:0:0:0',
    '2001:0:0:0:0:0:0:1',
    'fc00:0:0:0:0:0:0:1',
    'fe80:0:0:0:0:0:0:1',
    'ff02:0:0:0:0:0:0:1',
  ])('%s is not called', (ip) => {
    expect(at(ip)).toBe('private-address')
  })

  it.each([
    'localhost',
    '2130706433',
    '0x7f000001',
    '127.1',
    'metadata.google.internal',
    '8.8.8.8@10.0.0.1',
    '',
  ])('%j, which is no literal address, is not called', (ip) => {
    expect(at(ip)).toBe('bad-address')
  })

  it.each([
    [22, 'low-port'],
    [1023, 'low-port'],
    [80, null],
    [443, null],
    [1024, null],
    [65_535, null],
  ])('port %i: %s', (port, reason) => {
    expect(at('8.8.8.8', port)).toBe(reason)
  })
})

it('an address of this machine is not called, however public it is', () => {
  const rules = { allowLoopback: false, ownAddresses: new Set(['8.8.4.4', '2606:4700::1']) }
  expect(findObstacle(aNeuron(2, { axon: axon('8.8.4.4') }), metagraph, rules)).toBe('own-address')
  expect(findObstacle(aNeuron(2, { axon: axon('2606:4700:0:0:0:0:0:1') }), metagraph, rules)).toBe(
    'own-address',
  )
  expect(findObstacle(aNeuron(2, { axon: axon('8.8.8.8') }), metagraph, rules)).toBeNull()
})

it('loopback is called only where the file allows it, and private addresses never', () => {
  const devnet = { allowLoopback: true }
  expect(findObstacle(aNeuron(2, { axon: axon('127.0.0.1') }), metagraph, devnet)).toBeNull()
  expect(findObstacle(aNeuron(2, { axon: axon('10.1.2.3') }), metagraph, devnet)).toBe('private-address')
})

it('every reason has words', () => {
  for (const words of Object.values(REASONS)) expect(words.length).toBeGreaterThan(10)
})
