import { describe, expect, it } from 'vitest'
import { limitOutput, listPictures, writeMinerBody } from '../../../src/inference/chat-request.ts'

const body = (extra: object = {}) => ({
  model: 'yuma-text',
  messages: [{ role: 'user', content: 'Hi' }],
  ...extra,
})

describe('limitOutput', () => {
  it('without a limit reserves the default, not the model’s maximum', () => {
    expect(limitOutput(body(), 100_000)).toEqual({ tokensMax: 4096, choices: 1, isRequested: false })
  })

  it('a huge limit reserves no more than the model can say', () => {
    expect(limitOutput(body({ max_tokens: 2 ** 53 }), 8192).tokensMax).toBe(8192)
  })

  it('of two limits the lower counts', () => {
    expect(limitOutput(body({ max_tokens: 30, max_completion_tokens: 20 }), 8192).tokensMax).toBe(20)
  })
})

describe('writeMinerBody', () => {
  it('passes the caller’s text on unchanged when nothing has to change', () => {
    const text = '{"model":"yuma-text",  "messages":[],"max_tokens":5,"top_k":20}'
    expect(writeMinerBody(JSON.parse(text), text, { upstreamModel: 'yuma-text', tokensMax: 5 })).toBe(text)
  })

  it('writes model and limit anew and keeps every field that it does not know', () => {
    const written = JSON.parse(
      writeMinerBody(body({ top_k: 20, max_tokens: 9e9 }), null, { upstreamModel: 'llama', tokensMax: 64 }),
    )
    expect(written).toEqual({
      model: 'llama',
      messages: [{ role: 'user', content: 'Hi' }],
      top_k: 20,
      max_tokens: 64,
    })
  })

  it('answers in the name of the limit that the caller used', () => {
    const written = JSON.parse(
      writeMinerBody(body({ max_completion_tokens: 100 }), null, { upstreamModel: 'llama', tokensMax: 64 }),
    )
    expect(written.max_completion_tokens).toBe(64)
    expect(written).not.toHaveProperty('max_tokens')
  })
})

it('lists pictures with the path that an error names', () => {
  const messages = [
    { role: 'system', content: 'x' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'image_url', image_url: { url: 'data:,', detail: 'low' } },
      ],
    },
  ]
  expect(listPictures(messages)).toEqual([
    { path: 'messages.1.content.1.image_url.url', url: 'data:,', detail: 'low' },
  ])
})
