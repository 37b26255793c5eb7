import { expect, it } from 'vitest'
import { type StartFacts, writeReadyLine, writeStartLines } from '../../../src/cli/start-lines.ts'

const facts: StartFacts = {
  version: '1.2.3',
  profile: 'devnet',
  dataDirectory: '/data',
  url: 'http://127.0.0.1:8787',
  chain: { endpoints: ['ws://127.0.0.1:9944'], block: 7, genesis: '0xabcdef0123456789', problem: null },
  experts: [
    {
      name: 'text',
      netuid: 1,
      mechid: 0,
      models: ['yuma-text'],
      callable: 7,
      total: 13,
      reasons: {},
      block: 7,
      problem: null,
    },
    {
      name: 'own',
      netuid: null,
      mechid: 0,
      models: ['llama'],
      callable: 0,
      total: 1,
      reasons: {},
      block: null,
      problem: 'away',
    },
  ],
  demo: { key: 'sk-yuma-x', availableRao: 1_500_000_000n },
  recording: 'examples/spoken-request.wav',
  tookMs: 4321,
}

it('names version, profile, data, chain with block, miners by subnet, URL, key with balance, and three calls', () => {
  const text = writeStartLines(facts)
  for (const part of [
    '1.2.3',
    'devnet',
    '/data',
    'block 7',
    'yuma-text: 7 callable of 13',
    'llama: away',
    'http://127.0.0.1:8787/v1',
    'sk-yuma-x',
    '1.5 TAO',
  ]) {
    expect(text).toContain(part)
  }
  expect(text.match(/^ {2}curl /gm)).toHaveLength(3)
})

it('for programs is one line of JSON with url and key', () => {
  const line = writeReadyLine(facts)
  expect(line.trimEnd()).not.toContain('\n')
  expect(line.startsWith('{"ready":true,')).toBe(true)
  expect(JSON.parse(line)).toMatchObject({ url: facts.url, key: 'sk-yuma-x', balance_rao: '1500000000' })
})
