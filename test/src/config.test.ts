import { expect, it } from 'vitest'
import { listSettings, readConfig } from '../../src/config.ts'

it('needs no setting at all', () => {
  const config = readConfig({})
  expect(config).toMatchObject({ port: 8787, host: '127.0.0.1', profile: 'devnet', jsonBytesMax: 33_554_432 })
  expect(config.dataDirectory).toMatch(/\/data$/)
})

it('names every wrong setting and no value', () => {
  const read = () => readConfig({ PORT: 'eighty', YUMAGATE_DEMO_KEY: 'sk-short', LOG_LEVEL: 'loud' })
  expect(read).toThrow(/PORT: .*; YUMAGATE_DEMO_KEY: .*; LOG_LEVEL: /)
  expect(read).not.toThrow(/sk-short/)
})

it('refuses a setting it does not know, so that a misspelt one is noticed', () => {
  expect(() => readConfig({ YUMAGATE_PROFIL: 'devnet' })).toThrow('YUMAGATE_PROFIL: no such setting')
})

it('refuses what is not a WebSocket URL as a chain endpoint', () => {
  expect(() => readConfig({ YUMAGATE_CHAIN_ENDPOINTS: 'https://node' })).toThrow('YUMAGATE_CHAIN_ENDPOINTS')
  expect(readConfig({ YUMAGATE_CHAIN_ENDPOINTS: 'ws://a, wss://b' }).chainEndpoints).toEqual([
    'ws://a',
    'wss://b',
  ])
})

it('shows no secret in the table', () => {
  const row = listSettings({ YUMAGATE_DEMO_KEY: 'sk-yuma-secret-secret' }).find(
    ({ name }) => name === 'YUMAGATE_DEMO_KEY',
  )
  expect(row?.value).toBe('(set)')
})
