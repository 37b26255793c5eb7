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
