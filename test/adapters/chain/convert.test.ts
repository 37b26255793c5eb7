import { expect, it } from 'vitest'
import { parseAxon, toAddress } from '../../../adapters/chain/convert.ts'

const axon = (change: Partial<Record<'ip' | 'port' | 'ip_type' | 'version', number | bigint>> = {}) =>
  parseAxon({ ip: 134_744_072n, port: 8091, ip_type: 4, version: 10_002_000, ...change })

it.each([
  ['8.8.8.8', 134_744_072n, 4],
  ['255.255.255.254', 4_294_967_294n, 4],
  ['0.0.0.1', 1n, 4],
  ['2606:4700:4700:0:0:0:0:1111', 0x2606_4700_4700_0000_0000_0000_0000_1111n, 6],
  ['0:0:0:0:0:0:0:1', 1n, 6],
  // The chain stores any number under any type.
  ['0:0:0:0:0:1:0:0', 2n ** 32n, 4],
] as const)('the address %s is read from its number', (ip, number, ipType) => {
  expect(axon({ ip: number, ip_type: ipType })).toEqual({ ip, port: 8091, ipType, version: 10_002_000 })
})

it.each([
  ['a zero address', { ip: 0n }],
  ['a zero port', { port: 0 }],
  ['an address type that there is not', { ip_type: 5 }],
  ['an address type of zero', { ip_type: 0 }],
] as const)('%s publishes nothing', (_name, change) => {
  expect(axon(change)).toBeNull()
})

it('numbers may be wider than they are today', () => {
  expect(axon({ port: 8091n, version: 7n, ip_type: 4n })).toEqual({
    ip: '8.8.8.8',
    port: 8091,
    ipType: 4,
    version: 7,
  })
})

it.each([
  ['nothing', undefined],
  ['a text', 'text'],
  ['a number', 7],
  ['an address as text', { ip: 'x', port: 1, ip_type: 4, version: 1 }],
  ['no version', { ip: 1n, port: 1, ip_type: 4 }],
])('what is no axon (%s) is refused, not guessed', (_name, value) => {
  expect(() => parseAxon(value)).toThrow()
})

it('accounts are written with prefix 42', () => {
  const alice = Buffer.from('d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d', 'hex')
  expect(toAddress(alice)).toBe('5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY')
  expect(toAddress(alice)).toBe('5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY')
})
