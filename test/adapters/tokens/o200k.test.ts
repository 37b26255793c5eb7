import { expect, it } from 'vitest'
import { createO200kTokenizer } from '../../../adapters/tokens/o200k.ts'

const tokenizer = createO200kTokenizer()

it.each([
  ['', 0],
  ['hello world', 2],
  ['a'.repeat(256), 32],
  ['日本語', 2],
  ['😀', 1],
])('counts %j as OpenAI does: %i tokens', async (text, tokens) => {
  const countTokens = await tokenizer.load()
  expect(countTokens(text)).toBe(tokens)
})

it('takes the names of special tokens as plain text', async () => {
  const countTokens = await tokenizer.load()
  expect(countTokens('<|endoftext|>')).toBeGreaterThan(3)
  expect(countTokens('x<|im_start|>')).toBeGreaterThan(3)
})

it('counts half a surrogate pair without throwing, within its bytes', async () => {
  const countTokens = await tokenizer.load()
  expect(countTokens('\ud83d')).toBeGreaterThan(0)
  expect(countTokens('\ud83d')).toBeLessThanOrEqual(3)
})

it('loads once, whoever asks', () => {
  expect(tokenizer.load()).toBe(tokenizer.load())
})
