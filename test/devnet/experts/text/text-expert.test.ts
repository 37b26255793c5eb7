import { describe, expect, it } from 'vitest'
import { splitPieces } from '../../../../devnet/experts/text/pieces.ts'
import type { TextPart } from '../../../../devnet/experts/text/types.ts'
import { ARTICLE, complete, expert, json, say } from './ask.ts'

const INTRODUCTION = /I am the text worker of the development network.*no language model/

describe('honesty', () => {
  it('says what it is when it is asked, and when no rule fits', async () => {
    for (const message of [
      'Who are you?',
      'What can you do?',
      'Are you an AI?',
      'What is the capital of France?',
      'x',
      '',
      'Again.',
    ])
      expect(await say(message)).toMatch(INTRODUCTION)
  })

  it('says that it does not translate, write poems or code', async () => {
    expect(await say('Translate this to German: good morning')).toMatch(
      /^I cannot translate\. I am the text worker/,
    )
    expect(await say('Write a poem about the sea')).toMatch(/^I cannot write a poem\./)
    expect(await say('Write code that sorts a list')).toMatch(/^I cannot write code\./)
  })

  it('says that it cannot see pictures', async () => {
    const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
    expect(await say([{ type: 'text', text: 'What is this?' }, picture])).toMatch(/cannot see pictures/)
  })

  it('does not make up a year for a date, or a value for null', async () => {
    const schema = {
      type: 'object',
      properties: { due: { type: ['string', 'null'], format: 'date' }, place: { type: ['string', 'null'] } },
      required: ['due', 'place'],
    }
    expect(await json('The meeting is on 3 May, bring cake.', schema)).toEqual({ due: null, place: null })
  })
})

describe('courtesies', () => {
  it('answers a greeting with a greeting', async () => {
    expect(await say('Say hello.')).toBe('Hello!')
    for (const message of ['hi', 'Hello', 'Good morning!', 'Привет, 你好 👋'])
      expect(await say(message)).toMatch(/^Hello!/)
    expect(await say('Thanks a lot')).toBe('You are welcome.')
  })

  it('repeats what it is told to', async () => {
    expect(await say('Repeat after me: I am here')).toBe('I am here')
    expect(await say('Reply with only the word OK')).toBe('OK')
    expect(await say("Say 'good night, moon'")).toBe('good night, moon')
  })
})

describe('where task and text stand', () => {
  const summary = 'The city council of Oslo decided on Monday to build a new tram line along the harbour.'
  it('the task before, behind, above and in the system message is found', async () => {
    expect(await say(`Summarise in one sentence:\n${ARTICLE}`)).toBe(summary)
    expect(await say(`Summarize in one sentence: ${ARTICLE}`)).toBe(summary)
    expect(await say(`${ARTICLE}\n\nSummarize the text above in one sentence.`)).toBe(summary)
    expect(await say(`Summarise this in one line.\n"""\n${ARTICLE}\n"""`)).toBe(summary)
    expect(await say(ARTICLE, { system: 'Summarise what the user says in one line.' })).toBe(summary)
  })

  it('"summarise that" means what was said before', async () => {
    const before = [
      { role: 'user', content: 'Tell me' },
      { role: 'assistant', content: ARTICLE },
    ]
    expect(await say('Summarise that in one sentence', { before })).toBe(summary)
  })

  it('parts of a message are read together', async () => {
    expect(
      await say([
        { type: 'text', text: 'Summarise in one sentence:' },
        { type: 'text', text: ARTICLE },
      ]),
    ).toBe(summary)
  })
})

describe('the shape of an answer', () => {
  it('max_tokens cuts at a piece and says length; both names are known', async () => {
    for (const name of ['max_tokens', 'max_completion_tokens']) {
      const cut = await complete('Count to 120', { [name]: 10 })
      expect(cut).toMatchObject({ content: '1, 2, 3, 4, 5,', finishReason: 'length', completionTokens: 10 })
    }
    expect(await complete('Count to 3', { max_tokens: 5 })).toMatchObject({
      content: '1, 2, 3',
      finishReason: 'stop',
    })
    expect(await complete('Count to 3', { max_tokens: 0 })).toMatchObject({ content: '1, 2, 3' })
  })

  it('a stop sequence ends the answer before itself', async () => {
    expect(await complete('Count to 20', { stop: ' 7' })).toMatchObject({
      content: '1, 2, 3, 4, 5, 6,',
      finishReason: 'stop',
    })
    expect(await complete('Count to 20', { stop: ['never', ', 4', ''] })).toMatchObject({
      content: '1, 2, 3',
    })
  })

  it('a tool call that does not fit into max_tokens is not made by half', async () => {
    const tools = [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      },
    ]
    expect(await complete('Weather in Paris?', { tools, max_tokens: 3 })).toMatchObject({
      toolCalls: [],
      finishReason: 'length',
    })
  })

  it('the stream joined is the answer, in pieces of a word, with one end', async () => {
    const request = { messages: [{ role: 'user', content: 'Who are you?' }] }
    const { signal } = new AbortController()
    const whole = await expert.complete(request, { signal })
    const parts: TextPart[] = []
    for await (const part of expert.stream(request, { signal })) parts.push(part)
    expect(parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toBe(whole.content)
    expect(parts.filter(({ kind }) => kind === 'end')).toEqual([parts.at(-1)])
    expect(parts.at(-1)).toMatchObject({
      completionTokens: parts.length - 1,
      promptTokens: whole.promptTokens,
      finishReason: 'stop',
    })
    for (const part of parts) if (part.kind === 'text') expect(part.text.length).toBeLessThanOrEqual(9)
  })

  it('the same request gives the same words', async () => {
    const ask = () => say(`List five keywords: ${ARTICLE}`)
    expect(await ask()).toBe(await ask())
  })

  it('pieces joined are the text, whatever it holds', () => {
    for (const text of [
      '',
      ' a  b\n\nc ',
      'supercalifragilistic 1234567',
      'Привет, 你好 👋🏽!',
      '\u0000\ud800x',
    ])
      expect(splitPieces(text).join('')).toBe(text)
  })

  it('requests of any shape are answered', async () => {
    const { signal } = new AbortController()
    for (const request of [
      {},
      { messages: null },
      { messages: [null, 5, 'x', {}, { role: 'user' }, { role: 'user', content: [{}, null, 7] }] },
      { messages: [{ role: 'tool', content: 'x' }] },
      {
        messages: [{ role: 'user', content: 'hi' }],
        tools: [{}, null, { function: { name: 5 } }],
        tool_choice: { function: 7 },
        response_format: 5,
        stop: [5],
        max_tokens: 'x',
      },
    ])
      expect(typeof (await expert.complete(request, { signal })).content).toBe('string')
  })
})

describe('bounds', () => {
  it('an abort ends the work with its reason, before and within it', async () => {
    const reason = new Error('gone')
    const request = {
      messages: [{ role: 'user', content: `Summarise in one sentence: ${ARTICLE.repeat(2000)}` }],
    }
    await expect(expert.complete(request, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const answer = expert.complete(request, { signal: controller.signal })
    setImmediate(() => controller.abort(reason))
    await expect(answer).rejects.toBe(reason)
  })

  const long = {
    article: `${ARTICLE.repeat(1800)}`,
    letters: 'a'.repeat(1_000_000),
    spaces: ' '.repeat(1_000_000),
    words: 'lorem ipsum dolor '.repeat(55_000),
    lines: 'x\n'.repeat(500_000),
    stops: '. '.repeat(500_000),
    quotes: '"'.repeat(1_000_000),
    digits: '1'.repeat(1_000_000),
    addresses: 'a@b.co '.repeat(140_000),
    brackets: '('.repeat(1_000_000),
    capitals: 'Anna Berg '.repeat(100_000),
    commas: 'a, '.repeat(330_000),
  }
  const asks = [
    'Summarise in three sentences:\n',
    'List keywords:\n',
    'Write an image prompt for this:\n',
    'Extract all email addresses:\n',
    'How many words are in:\n',
    'Upper case:\n',
    'Extract the names:\n',
    'What is ',
    '',
  ]
  it('a megabyte of anything is answered, whatever is asked of it', async () => {
    for (const [name, text] of Object.entries(long)) {
      for (const ask of asks)
        expect(typeof (await complete(`${ask}${text}`)).content, `${ask} ${name}`).toBe('string')
    }
  })

  it('work on a megabyte is done in turns: the event loop goes on', async () => {
    for (const ask of asks.slice(0, 5)) {
      let ticks = 0
      let isOver = false
      const count = () => {
        ticks += 1
        if (!isOver) setImmediate(count)
      }
      setImmediate(count)
      await complete(`${ask}${long.article}`)
      isOver = true
      // Every 32 KB of what is worked on at the latest.
      expect(ticks, ask).toBeGreaterThan(20)
    }
  })

  it('a schema is filled from a megabyte as well', async () => {
    const schema = {
      type: 'object',
      properties: {
        summary: { type: 'string' },
        names: { type: 'array', items: { type: 'string' } },
        n: { type: 'integer' },
        prompts: { type: 'array', items: { type: 'string' } },
      },
      required: ['summary', 'names', 'n', 'prompts'],
    }
    for (const text of Object.values(long))
      expect(Object.keys(await json(text, schema))).toEqual(['summary', 'names', 'n', 'prompts'])
  })
})
