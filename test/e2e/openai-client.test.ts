/** The official openai client, unmodified, is the judge of compatibility. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, ROOT, type RunningGateway, remove } from './gateway.ts'

let gateway: RunningGateway
let client: OpenAI

beforeAll(async () => {
  gateway = await launch()
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 })
})
afterAll(async () => {
  await gateway?.stop()
  if (gateway) remove(gateway.directory)
})

const user = (content: string) => [{ role: 'user' as const, content }]
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
}
const spoken = () => readFileSync(join(ROOT, 'examples/spoken-request.wav'))
const said = readFileSync(join(ROOT, 'examples/spoken-request.txt'), 'utf8').trim()
const recording = () => toFile(spoken(), 'request.wav', { type: 'audio/wav' })

describe('models', () => {
  it('lists the four models in their order', async () => {
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    expect(ids).toEqual(['yuma-text', 'yuma-transcribe', 'yuma-vision', 'yuma-image'])
  })

  it('retrieves one, and says model_not_found with its param for another', async () => {
    expect((await client.models.retrieve('yuma-text')).id).toBe('yuma-text')
    await expect(client.models.retrieve('no-such-model')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    })
  })
})

describe('chat.completions', () => {
  it('answers plainly, with usage and headers that say who answered and what it cost', async () => {
    const { data, response, request_id } = await client.chat.completions
      .create({ model: 'yuma-text', messages: user('What is 12 times 7?') })
      .withResponse()
    expect(data.choices[0]?.message.content).toContain('84')
    expect(data.usage?.total_tokens).toBe(
      (data.usage?.prompt_tokens ?? 0) + (data.usage?.completion_tokens ?? 0),
    )
    expect(request_id).toMatch(/^req_/)
    for (const name of [
      'x-cost-rao',
      'x-receipt-id',
      'x-yumagate-netuid',
      'x-yumagate-hotkey',
      'x-yumagate-attempts',
      'x-yumagate-snapshot-block',
    ]) {
      expect(response.headers.get(name), name).toBeTruthy()
    }
    expect(response.headers.get('x-yumagate-netuid')).toBe('1')
    const receipt = await (
      await fetch(`${gateway.url}/v1/receipts/${response.headers.get('x-receipt-id')}`, {
        headers: { authorization: `Bearer ${gateway.key}` },
      })
    ).json()
    expect(receipt).toMatchObject({
      captured_rao: response.headers.get('x-cost-rao'),
      request_id,
      provider: { netuid: 1, hotkey: response.headers.get('x-yumagate-hotkey') },
    })
  })

  it('streams, with usage only when asked', async () => {
    const collect = async (options: object) => {
      const chunks: OpenAI.ChatCompletionChunk[] = []
      const stream = await client.chat.completions.create({
        model: 'yuma-text',
        messages: user('Count to 20'),
        stream: true,
        ...options,
      })
      for await (const chunk of stream) chunks.push(chunk)
      return chunks
    }
    const plain = await collect({})
    expect(plain.every((chunk) => !chunk.usage)).toBe(true)
    expect(plain.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toContain('20')
    const counted = await collect({ stream_options: { include_usage: true } })
    expect(counted.at(-1)?.choices).toEqual([])
    expect(counted.at(-1)?.usage?.completion_tokens).toBeGreaterThan(0)
  })

  it('calls tools, forced and streamed', async () => {
    const forced = { type: 'function' as const, function: { name: 'get_weather' } }
    const request = {
      model: 'yuma-text',
      messages: user('What is the weather in Paris?'),
      tools: [weather],
      tool_choice: forced,
    }
    const whole = await client.chat.completions.create(request)
    const call = whole.choices[0]?.message.tool_calls?.[0]
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ city: 'Paris' })
    const runner = client.chat.completions.stream(request)
    const final = await runner.finalChatCompletion()
    const streamed = final.choices[0]?.message.tool_calls?.[0]
    expect(streamed?.type === 'function' && JSON.parse(streamed.function.arguments)).toEqual({
      city: 'Paris',
    })
  })

  it('fills a JSON schema from what stands in the prompt', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
      additionalProperties: false,
    }
    const answer = await client.chat.completions.create({
      model: 'yuma-text',
      messages: user('Alice is 31 years old.'),
      response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema } },
    })
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ name: 'Alice', age: 31 })
  })

  it('looks at a picture given as base64', async () => {
    const painted = await client.images.generate({
      model: 'yuma-image',
      prompt: 'a red fox under a tree',
      size: '512x512' as never,
    })
    const answer = await client.chat.completions.create({
      model: 'yuma-vision',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is on this picture?' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${painted.data?.[0]?.b64_json}` } },
          ],
        },
      ],
    })
    expect(answer.choices[0]?.message.content).toMatch(/fox/i)
  })
})

describe('audio.transcriptions', () => {
  const transcribe = async (options: object) =>
    (await client.audio.transcriptions.create({
      model: 'yuma-transcribe',
      file: await recording(),
      ...options,
    })) as never

  it('hears the sentence (json)', async () => {
    const { text } = (await transcribe({})) as { text: string }
    const words = new Set(text.toLowerCase().split(/\W+/))
    const heard = said
      .toLowerCase()
      .split(/\W+/)
      .filter((word) => words.has(word))
    expect(heard.length / said.split(/\s+/).length).toBeGreaterThanOrEqual(0.8)
  })

  it('writes text, srt and vtt', async () => {
    expect(typeof (await transcribe({ response_format: 'text' }))).toBe('string')
    expect(await transcribe({ response_format: 'srt' })).toMatch(/^1\n\d\d:\d\d:\d\d,\d{3} --> /)
    expect(await transcribe({ response_format: 'vtt' })).toMatch(/^WEBVTT\n\n\d\d:\d\d:\d\d\.\d{3} --> /)
  })

  it('gives segments and words with times (verbose_json)', async () => {
    const answer = (await transcribe({
      response_format: 'verbose_json',
      timestamp_granularities: ['word', 'segment'],
    })) as {
      duration: number
      words: { start: number; end: number }[]
      segments: unknown[]
    }
    expect(answer.segments.length).toBeGreaterThan(0)
    expect(answer.words.length).toBeGreaterThan(3)
    for (const { start, end } of answer.words) {
      expect(start).toBeLessThanOrEqual(end)
      expect(end).toBeLessThanOrEqual(answer.duration + 0.1)
    }
  })
})

describe('images.generate', () => {
  it('gives a PNG of the size asked for', async () => {
    const { data } = await client.images.generate({
      model: 'yuma-image',
      prompt: 'two yellow birds over the sea',
      size: '256x256' as never,
    })
    const bytes = Buffer.from(data?.[0]?.b64_json ?? '', 'base64')
    expect(bytes.subarray(1, 4).toString()).toBe('PNG')
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([256, 256])
    expect(data?.[0]?.revised_prompt).toBeTruthy()
  })
})

describe('a miner that misbehaves', () => {
  it('that dies after the first token is told in band, and nothing is charged', async () => {
    const spentBefore = await spent()
    const failing = async () => {
      const stream = await client.chat.completions.create({
        model: 'cut-yuma-text',
        messages: user('Count to 50'),
        stream: true,
      })
      let chunks = 0
      for await (const _ of stream) chunks += 1
      return chunks
    }
    await expect(failing()).rejects.toBeInstanceOf(OpenAI.APIError)
    expect(await spent()).toBe(spentBefore)
  })

  it('that always fails ends in an error of the gateway’s own, and nothing is charged', async () => {
    const spentBefore = await spent()
    await expect(
      client.chat.completions.create({ model: 'fail-yuma-text', messages: user('Hi') }),
    ).rejects.toMatchObject({
      status: expect.toSatisfy((status: number) => status === 502 || status === 503),
    })
    expect(await spent()).toBe(spentBefore)
  })
})

async function spent(): Promise<string> {
  const answer = await fetch(`${gateway.url}/v1/account`, {
    headers: { authorization: `Bearer ${gateway.key}` },
  })
  return ((await answer.json()) as { spent_rao: string }).spent_rao
}
