import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ERRORS, GatewayError } from '../../../src/errors.ts'
import { createContract } from '../../../src/http/contract.ts'

const yaml = readFileSync('openapi.yaml', 'utf8')
const contract = createContract(yaml)
const messages = [{ role: 'user', content: 'Hi' }]

function paramOf(value: unknown): string | null {
  try {
    contract.check('CreateChatCompletionRequest', value)
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError)
    return (error as GatewayError).param
  }
  return 'accepted'
}

describe('errors name the deepest path', () => {
  it.each([
    [{ messages }, 'model'],
    [{ model: 'm', messages: [] }, 'messages'],
    [{ model: 'm', messages: 'hi' }, 'messages'],
    [{ model: 'm', messages, temperature: 9 }, 'temperature'],
    [{ model: 'm', messages, stream: 'yes' }, 'stream'],
    [{ model: 'm', messages, n: 1e6 }, 'n'],
    [{ model: 'm', messages: [{ role: 'user', content: 5 }] }, 'messages.0.content'],
    [{ model: 'm', messages: [{ role: 'user' }] }, 'messages.0.content'],
    [{ model: 'm', messages: [{ role: 'wizard', content: 'x' }] }, 'messages.0.role'],
    [{ model: 'm', messages: [{ role: 'tool', content: 'x' }] }, 'messages.0.tool_call_id'],
    [
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
      'messages.0.content.0.image_url.url',
    ],
    [
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'hologram' }] }] },
      'messages.0.content.0.type',
    ],
    [
      { model: 'm', messages, response_format: { type: 'json_schema', json_schema: {} } },
      'response_format.json_schema.name',
    ],
    [
      { model: 'm', messages, tools: [{ type: 'function', function: { name: 'a b' } }] },
      'tools.0.function.name',
    ],
  ])('%j → %s', (value, param) => {
    expect(paramOf(value)).toBe(param)
  })
})

describe('however much of a body is wrong', () => {
  const bad = { role: 'x' }
  const good = { role: 'user', content: 'x' }
  const image = { type: 'image_url', image_url: { url: 'https://x.example/a.png' } }
  const listOf = (count: number, element: unknown) => Array.from({ length: count }, () => element)
  const replaced = (count: number, index: number, element: unknown) =>
    listOf(count, good).map((usual, at) => (at === index ? element : usual))

  it.each([
    ['2,048 bad messages', listOf(2048, bad), 'messages.0.role'],
    ['100,000 bad messages', listOf(100_000, bad), 'messages'],
    ['2,049 good messages', listOf(2049, good), 'messages'],
    ['100,000 bad parts', [{ role: 'user', content: listOf(100_000, {}) }], 'messages.0.content'],
    [
      '100,000 parts without bound',
      [{ role: 'system', content: listOf(100_000, {}) }],
      'messages.0.content.0.type',
    ],
    [
      '2,048 messages of 48 bad parts',
      listOf(2048, { role: 'user', content: listOf(48, {}) }),
      'messages.0.content.0',
    ],
  ])('%s cost little time to refuse', (_, list, param) => {
    const before = process.cpuUsage()
    const found = paramOf({ model: 'm', messages: list })
    const { user, system } = process.cpuUsage(before)
    expect(found).toMatch(new RegExp(`^${param}`))
    expect(user + system).toBeLessThan(1_000_000)
  })

  it.each([
    [{ role: 'user', content: 5 }, 'messages.1500.content'],
    [{ role: 'wizard', content: 'x' }, 'messages.1500.role'],
    [{ role: 'tool', content: 'x' }, 'messages.1500.tool_call_id'],
    [
      { role: 'user', content: [...listOf(200, image), { type: 'hologram' }] },
      'messages.1500.content.200.type',
    ],
    [{ role: 'user', content: listOf(257, image) }, 'messages.1500.content'],
    [{ role: 'user', content: [] }, 'messages.1500.content'],
    [
      { role: 'user', content: [...listOf(200, image), { type: 'image_url', image_url: {} }] },
      'messages.1500.content.200.image_url.url',
    ],
  ])('names the element at its own index: %#', (element, param) => {
    expect(paramOf({ model: 'm', messages: replaced(2000, 1500, element) })).toBe(param)
  })

  it('names too many calls of an assistant, not a field of another role', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const list = [{ role: 'assistant', tool_calls: listOf(129, call) }]
    expect(paramOf({ model: 'm', messages: list })).toBe('messages.0.tool_calls')
  })

  it('goes on to name the deepest path when something else is wrong too', () => {
    expect(paramOf({ messages: [{ role: 'user', content: 5 }] })).toBe('messages.0.content')
    expect(paramOf({ messages: listOf(2048, { role: 'wizard', content: 'x' }) })).toBe('messages.0.role')
  })
})

it('accepts what clients really send: nulls, unknown fields, tool turns', () => {
  const value = {
    model: 'm',
    messages: [
      { role: 'developer', content: [{ type: 'text', text: 'x' }] },
      { role: 'user', content: 'Hi', name: 'Bo' },
      {
        role: 'assistant',
        content: null,
        refusal: null,
        annotations: [],
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: '{"c":20}' },
    ],
    stop: null,
    user: null,
    top_k: 20,
    chat_template_kwargs: { a: 1 },
  }
  expect(paramOf(value)).toBe('accepted')
})

it('adds nothing to a body that is passed on', () => {
  const value = { model: 'm', messages }
  expect(contract.check('CreateChatCompletionRequest', value)).toEqual({ model: 'm', messages })
})

it('the document lists exactly the error codes that there are', () => {
  const { schemas } = parse(yaml).components
  expect([...schemas.ErrorResponse.properties.error.properties.code.enum].sort()).toEqual(
    Object.keys(ERRORS).sort(),
  )
})
