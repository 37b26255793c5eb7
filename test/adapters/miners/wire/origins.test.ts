import { afterEach, expect, it } from 'vitest'
import { MINER_LIMITS } from '../../../../adapters/miners/wire/limits.ts'
import { createOrigins, freeSlot, takeSlot } from '../../../../adapters/miners/wire/origins.ts'

const origins = createOrigins({ ...MINER_LIMITS, originsMax: 2 })
afterEach(() => origins.close())

it.each([
  ['http://1.2.3.4:8080', '', true, '1.2.3.4', '8080'],
  ['http://[2001:db8::1]:80', '', true, '2001:db8::1', '80'],
  ['https://api.example.com/v1/', '/v1', false, 'api.example.com', '443'],
])('reads %s', (url, prefix, isLiteral, ip, port) => {
  expect(origins.find(url)).toMatchObject({ prefix, isLiteral, ip, port })
})

it.each([
  '',
  'ftp://1.2.3.4',
  'http://user:secret@1.2.3.4',
  'http://1.2.3.4/?a=b',
  'http://:80',
  '1.2.3.4:80',
])('refuses %j as unreachable', (url) => {
  expect(() => origins.find(url)).toThrow('could not be reached')
})

it('forgets the longest unused server for a new one, never one with calls under way', () => {
  const first = origins.find('http://1.1.1.1')
  const slot = takeSlot(first, 10)
  const second = origins.find('http://2.2.2.2')
  expect(origins.find('http://3.3.3.3')).not.toBe(second)
  expect(origins.find('http://1.1.1.1')).toBe(first)
  takeSlot(origins.find('http://3.3.3.3'), 10)
  expect(() => origins.find('http://4.4.4.4')).toThrow('busy')
  freeSlot({ origin: first, slot })
  expect(() => origins.find('http://4.4.4.4')).not.toThrow()
})

it('hands out small slot numbers, each to one call at a time, and no more than allowed', () => {
  const origin = origins.find('http://1.1.1.1')
  expect([takeSlot(origin, 3), takeSlot(origin, 3), takeSlot(origin, 3)]).toEqual([0, 1, 2])
  expect(() => takeSlot(origin, 3)).toThrow('busy')
  freeSlot({ origin, slot: 1 })
  expect(takeSlot(origin, 3)).toBe(1)
})
