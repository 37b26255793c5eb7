import { expect, it } from 'vitest'
import { createSignedLinks } from '../../../src/http/signed-links.ts'

const clock = { ms: 1_764_000_000_000 }
const links = createSignedLinks({ secret: Buffer.alloc(32, 7), wallMs: () => clock.ms })
const tokenOf = (query: string) => query.slice('?token='.length)
const refused = expect.objectContaining({ code: 'invalid_api_key' })

it('opens the file it was made for, as the account it was made for', () => {
  expect(links.verify('file-1', tokenOf(links.sign('file-1', 'acc_a')))).toBe('acc_a')
})

it('opens no other file, for no other account, and nothing after an hour', () => {
  const token = tokenOf(links.sign('file-1', 'acc_a'))
  expect(() => links.verify('file-2', token)).toThrow(refused)
  expect(() => links.verify('file-1', token.replace('acc_a', 'acc_b'))).toThrow(refused)
  expect(() => links.verify('file-1', token.slice(0, -1))).toThrow(refused)
  expect(() => links.verify('file-1', '')).toThrow(refused)
  clock.ms += 3_601_000
  expect(() => links.verify('file-1', token)).toThrow(refused)
})

it('of another secret opens nothing', () => {
  const other = createSignedLinks({ secret: Buffer.alloc(32, 8), wallMs: () => clock.ms })
  expect(() => links.verify('file-1', tokenOf(other.sign('file-1', 'acc_a')))).toThrow(refused)
})
