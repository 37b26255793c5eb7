import { expect, it } from 'vitest'
import { hasContent, hasFinish, inBandError } from '../../../../adapters/miners/wire/chunk.ts'

const chunk = (delta: unknown, finish: unknown = null) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
})

it.each([
  ['a role', chunk({ role: 'assistant' })],
  ['a role and an empty text', chunk({ role: 'assistant', content: '' })],
  ['nulls', chunk({ role: 'assistant', content: null, refusal: null, tool_calls: [] })],
  ['no choices', { choices: [] }],
  ['no delta', { choices: [{ index: 0 }] }],
  ['nonsense', { choices: [1, null, 'x'] }],
  ['a text', 'text'],
  ['null', null],
])('%s is preamble', (_name, value) => {
  expect(hasContent(value)).toBe(false)
})

it.each([
  ['text', chunk({ content: ' ' })],
  ['a tool call', chunk({ tool_calls: [{ index: 0 }] })],
  ['reasoning', chunk({ reasoning_content: 'hm' })],
  ['a refusal', chunk({ refusal: 'no' })],
  ['a finish reason', chunk({}, 'length')],
])('%s is content', (_name, value) => {
  expect(hasContent(value)).toBe(true)
})

it('finds a finish reason, but not one that is spoken of', () => {
  expect(hasFinish(JSON.stringify(chunk({}, 'stop')))).toBe(true)
  expect(hasFinish('{"finish_reason" : "stop"}')).toBe(true)
  expect(hasFinish(JSON.stringify(chunk({ content: '"finish_reason":"stop"' })))).toBe(false)
})

it('finds an error in the stream, busy ones told apart', () => {
  expect(inBandError({ error: { message: 'x', code: 502 } })?.code).toBe('expert_bad_response')
  expect(inBandError({ error: { message: 'x', code: '429' } })?.code).toBe('no_expert_available')
  expect(inBandError({ error: 'x' })?.code).toBe('expert_bad_response')
  expect(inBandError({ error: null })).toBeNull()
  expect(inBandError(chunk({ content: 'error' }))).toBeNull()
})
