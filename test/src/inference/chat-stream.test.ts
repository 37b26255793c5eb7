import { describe, expect, it } from 'vitest'
import { ChatStreamEditor } from '../../../src/inference/chat-stream.ts'

const editor = () => new ChatStreamEditor({ id: 'chatcmpl-own', createdS: 7, model: 'yuma-text' })
const chunk = (delta: object, extra: object = {}) =>
  JSON.stringify({
    id: 'chatcmpl-miner',
    object: 'chat.completion.chunk',
    created: 5,
    model: 'yuma-text',
    choices: [{ index: 0, delta, finish_reason: null }],
    ...extra,
  })
const parsed = (text: string | null) => JSON.parse(text ?? 'null')

describe('ChatStreamEditor', () => {
  it('passes a chunk that keeps every promise on as it is, byte for byte', () => {
    const stream = editor()
    const payload = chunk({ role: 'assistant', content: 'Hi', odd_field: [1] })
    expect(stream.edit(payload)).toEqual({ text: payload, spoken: [{ choice: 0, text: 'Hi' }] })
  })

  it('sends the role once, whatever the miner does', () => {
    const stream = editor()
    expect(parsed(stream.edit(chunk({ content: 'a' })).text).choices[0].delta.role).toBe('assistant')
    expect(parsed(stream.edit(chunk({ role: 'assistant', content: 'b' })).text).choices[0].delta).toEqual({
      content: 'b',
    })
  })

  it('keeps id, creation time and model the same over the whole stream', () => {
    const stream = editor()
    stream.edit(chunk({ role: 'assistant' }))
    const later = parsed(
      stream.edit(chunk({ content: 'x' }, { id: 'other', created: 99, model: 'secret-model' })).text,
    )
    expect(later).toMatchObject({ id: 'chatcmpl-miner', created: 5, model: 'yuma-text' })
  })

  it("hands on no usage of the miner's: neither in a chunk of its own nor beside a finish", () => {
    const stream = editor()
    expect(stream.edit(JSON.stringify({ choices: [], usage: { total_tokens: 1e9 } })).text).toBeNull()
    const last = JSON.stringify({
      choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
      usage: { total_tokens: 1e9 },
    })
    expect(parsed(stream.edit(last).text)).not.toHaveProperty('usage')
    expect(stream.hasEnded).toBe(true)
  })

  it('gives tool call deltas the index that they need', () => {
    const call = { id: 'c', function: { name: 'f', arguments: '{}' } }
    const text = editor().edit(chunk({ role: 'assistant', tool_calls: [call] })).text
    expect(parsed(text).choices[0].delta.tool_calls[0].index).toBe(0)
  })

  it.each(['not json', '[]', '{"error":{"message":"boom"}}'])(
    'refuses %s as expert_bad_response',
    (payload) => {
      expect(() => editor().edit(payload)).toThrow(expect.objectContaining({ code: 'expert_bad_response' }))
    },
  )

  it('meters content, reasoning, refusals and tool calls', () => {
    const { spoken } = editor().edit(
      chunk({
        content: 'a',
        reasoning_content: 'b',
        refusal: 'c',
        tool_calls: [{ index: 0, function: { name: 'd', arguments: 'e' } }],
      }),
    )
    expect(spoken.map(({ text }) => text)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('never lets a line feed break the framing', () => {
    const text = editor().edit(chunk({ role: 'assistant', content: 'a' }).replace('{', '{\n')).text
    expect(text).not.toContain('\n')
  })
})
