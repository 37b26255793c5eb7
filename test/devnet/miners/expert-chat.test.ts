import { expect, it } from 'vitest'
import { createExpertChat } from '../../../devnet/miners/expert-chat.ts'
import { echoChat } from './fake-experts.ts'

const chat = createExpertChat({ expert: async () => echoChat, nowMs: () => 1_764_000_000_123, paceMs: 0 })
const signal = new AbortController().signal
const request = (content: string, more: object = {}) => ({
  model: 'm',
  messages: [{ role: 'user', content }],
  ...more,
})
const complete = async (content: string, more = {}) =>
  JSON.parse(await chat.complete(request(content, more), signal))
const stream = async (content: string, more = {}) => {
  const chunks = []
  for await (const payload of chat.stream(request(content, more), signal)) chunks.push(JSON.parse(payload))
  return chunks
}

it('writes a completion as OpenAI does', async () => {
  expect(await complete('hi there')).toMatchObject({
    object: 'chat.completion',
    created: 1_764_000_000,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'hi there' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
  })
})

it('streams the role first, then the text, then one finish reason, all under one id', async () => {
  const chunks = await stream('hi there')
  expect(chunks.map(({ choices }) => [choices[0].delta, choices[0].finish_reason])).toEqual([
    [{ role: 'assistant', content: '' }, null],
    [{ content: 'hi' }, null],
    [{ content: ' there' }, null],
    [{}, 'stop'],
  ])
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
})

it('tells usage in a chunk of its own when asked to', async () => {
  const chunks = await stream('hi', { stream_options: { include_usage: true } })
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 7 } })
})

it('asks for tools whole and in a stream', async () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"sky"}' } }
  const { message, finish_reason: reason } = (await complete('a tool')).choices[0]
  expect([message.content, message.tool_calls, reason]).toEqual([null, [call], 'tool_calls'])
  const chunks = await stream('a tool')
  expect(chunks[1].choices[0].delta.tool_calls).toEqual([{ index: 0, ...call }])
  expect(chunks.at(-1).choices[0].finish_reason).toBe('tool_calls')
})

it('gives as many choices as asked for, within reason', async () => {
  expect((await complete('hi', { n: 3 })).choices.map(({ index }: { index: number }) => index)).toEqual([
    0, 1, 2,
  ])
  expect((await complete('hi', { n: 1_000 })).choices).toHaveLength(8)
  expect(
    (await stream('hi', { n: 2 })).filter(({ choices }) => choices[0].finish_reason === 'stop'),
  ).toHaveLength(2)
})
