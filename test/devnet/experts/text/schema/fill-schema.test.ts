import { describe, expect, it } from 'vitest'
import { toIsoDate, toIsoTime } from '../../../../../devnet/experts/text/schema/formats.ts'
import { readPattern } from '../../../../../devnet/experts/text/schema/pattern.ts'
import { ARTICLE, complete, json, say } from '../ask.ts'

const object = (properties: Record<string, unknown>, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
})
const string = { type: 'string' }
const integer = { type: 'integer' }

describe('values come from what the prompt says', () => {
  it('a person', async () => {
    const schema = object({
      name: string,
      age: integer,
      city: string,
      email: { type: 'string', format: 'email' },
      married: { type: ['boolean', 'null'] },
    })
    expect(
      await json('Anna Berg is 34 years old and lives in Oslo. Her email is anna@berg.no.', schema),
    ).toEqual({ name: 'Anna Berg', age: 34, city: 'Oslo', email: 'anna@berg.no', married: null })
  })

  it('a person that is to be made up is a plain sample', async () => {
    expect(await json('Make up a person.', object({ name: string, age: integer }))).toEqual({
      name: 'Alex Sample',
      age: 30,
    })
  })

  it('a list of people, one object each', async () => {
    const people = { people: { type: 'array', items: object({ name: string, age: integer }) } }
    expect(await json('Alice is 30 and Bob is 25.', object(people))).toEqual({
      people: [
        { name: 'Alice', age: 30 },
        { name: 'Bob', age: 25 },
      ],
    })
  })

  it('numbers go to the properties that they stand by, each once', async () => {
    const schema = object({ adults: integer, children: integer, nights: integer, price: { type: 'number' } })
    expect(
      await json('A room for three nights, two adults and 1 child, not over 120.50 euros', schema),
    ).toMatchObject({ nights: 3, adults: 2, price: 120.5 })
  })

  it('number words are numbers', async () => {
    expect(await json('I want thirty-five apples', object({ apples: integer }))).toEqual({ apples: 35 })
  })

  it('enums, booleans and labelled values', async () => {
    const schema = object({
      size: { enum: ['small', 'medium', 'extra_large'] },
      wantsSugar: { type: 'boolean' },
      milk: { type: 'boolean' },
      colour: string,
    })
    expect(await json('An extra large coffee with milk but no sugar, cup colour: green.', schema)).toEqual({
      size: 'extra_large',
      wantsSugar: false,
      milk: true,
      colour: 'green',
    })
  })

  it('summary, keywords, language and title of an article', async () => {
    const schema = object({
      summary: string,
      keywords: { type: 'array', items: string, maxItems: 3 },
      language: string,
    })
    const value = await json(`Analyse this article:\n${ARTICLE}`, schema)
    expect(value.summary).toMatch(/^The city council of Oslo decided/)
    expect(value.keywords).toHaveLength(3)
    expect(value.language).toBe('English')
  })

  it('lists that are listed', async () => {
    expect(
      await json(
        'Ingredients: flour, two eggs and milk.',
        object({ ingredients: { type: 'array', items: string } }),
      ),
    ).toEqual({ ingredients: ['flour', 'two eggs', 'milk'] })
    expect(
      await json('- walk the dog\n- buy milk', object({ tasks: { type: 'array', items: string } })),
    ).toEqual({ tasks: ['walk the dog', 'buy milk'] })
    expect(
      await json('Scores are 3, 5 and 8', object({ scores: { type: 'array', items: integer } })),
    ).toEqual({ scores: [3, 5, 8] })
  })

  it('dates and times take the form that the schema wants', async () => {
    const schema = object({
      date: { type: 'string', format: 'date' },
      at: { type: 'string', format: 'time' },
    })
    expect((await json('Meet on November 25th, 2026', schema)).date).toBe('2026-11-25')
    expect(toIsoDate('25.11.2026')).toBe('2026-11-25')
    expect(toIsoDate('30 February 2026')).toBeNull()
    expect(toIsoDate('25 November')).toBeNull()
    expect(toIsoTime('2:30 pm')).toBe('14:30:00Z')
    expect(toIsoTime('12 am')).toBe('00:00:00Z')
  })
})

describe('what the prompt does not say', () => {
  it('is null where it may be, else plainly empty, never invented', async () => {
    const schema = object({
      name: { anyOf: [string, { type: 'null' }] },
      age: { type: ['integer', 'null'] },
      note: string,
      score: { type: 'number' },
      tags: { type: 'array', items: string },
    })
    expect(await json('…', schema)).toEqual({ name: null, age: null, note: '…', score: 0, tags: [] })
  })

  it('is left out where it may be', async () => {
    expect(await json('…', { type: 'object', properties: { name: string, age: integer } })).toEqual({})
  })

  it('takes the default', async () => {
    const schema = object({
      unit: { enum: ['c', 'f'], default: 'f' },
      count: { type: 'integer', default: 7 },
      place: { type: 'string', default: 'here' },
    })
    expect(await json('…', schema)).toEqual({ unit: 'f', count: 7, place: 'here' })
  })

  it('keeps within bounds, patterns and formats', async () => {
    const schema = object({
      code: { type: 'string', pattern: '^[A-Z]{2}-\\d{3}$' },
      low: { type: 'integer', minimum: 5, maximum: 9 },
      id: { type: 'string', format: 'uuid' },
      long: { type: 'string', minLength: 12 },
    })
    const value = await json('…', schema)
    expect(value).toMatchObject({ code: 'AA-000', low: 5, id: '00000000-0000-0000-0000-000000000000' })
    expect(value.long.length).toBeGreaterThanOrEqual(12)
  })
})

describe('schemas that are hard', () => {
  it('references, also to itself, end', async () => {
    const tree = {
      $defs: { node: object({ name: string, children: { type: 'array', items: { $ref: '#/$defs/node' } } }) },
      $ref: '#/$defs/node',
    }
    expect(await json('a node named Root', tree)).toMatchObject({ name: 'Root' })
    const loop = { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }
    expect(await json('x', loop)).toBe('x')
  })

  it('three thousand levels are answered', async () => {
    let schema: object = string
    for (let level = 0; level < 3000; level += 1) schema = object({ a: schema })
    expect(await json('x', schema)).toBeTypeOf('object')
  })

  it('a required reference to itself ends', async () => {
    const endless = { $defs: { a: object({ next: { $ref: '#/$defs/a' } }) }, $ref: '#/$defs/a' }
    expect(await json('x', endless)).toBeTypeOf('object')
  })

  it('ten thousand properties are answered', async () => {
    const schema = object(
      Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`property${index}`, string])),
    )
    expect(await json(ARTICLE, schema)).toBeTypeOf('object')
  })

  it('a property called __proto__ is a property, and changes nothing else', async () => {
    const value = JSON.parse(
      await say('x', {
        response_format: {
          type: 'json_schema',
          json_schema: {
            schema: JSON.parse(
              '{"type":"object","properties":{"__proto__":{"type":"string"}},"required":["__proto__"]}',
            ),
          },
        },
      }),
    )
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('a hostile pattern is never run: it is written by its own rules', async () => {
    const schema = object({
      a: { type: 'string', pattern: '^(a+)+$' },
      b: { type: 'string', pattern: '^(?=x)y' },
    })
    expect(await json(`${'a'.repeat(40)}!`, schema)).toMatchObject({ a: 'a' })
  })
})

describe('simple patterns', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['^[A-Z]{2}\\d{3}$', 'AA000', 'AA00'],
    ['^(?:red|green)$', 'red', 'blue'],
    ['^[^x]+$', 'a', 'x'],
    ['^a{2,4}$', 'aa', 'aaaaa'],
    ['^\\w+(?:-\\w+)*$', 'a', '-'],
    ['b', 'b', 'a'],
  ]
  for (const [source, match, other] of rows) {
    it(source, () => {
      const pattern = readPattern(source)
      expect(pattern?.write(0, 100)).toBe(match)
      expect(pattern?.matches(match)).toBe(true)
      expect(pattern?.matches(other)).toBe(false)
    })
  }

  it('grow to a length that is asked for', () => {
    expect(readPattern('^[a-z]+$')?.write(5, 10)).toBe('aaaaa')
    expect(readPattern('^ab$')?.write(5, 10)).toBeNull()
  })

  it('that look around, refer back or are broken are not read', () => {
    for (const source of ['(?=a)', '(?<!a)b', '(a)\\1', '\\bword', 'a{1', '[a', '(a', '*a', '\\p{L}'])
      expect(readPattern(source), source).toBeNull()
  })

  it('comparing ends, whatever the pattern', () => {
    for (const source of [
      '^(a+)+$',
      '^(((a*)*)*)*$',
      '^(a|a|a)*b$',
      '^(?:a{0,1000}){0,1000}$',
      '((((a{1000}){1000}){1000}))',
    ])
      expect(readPattern(source)?.matches(`${'a'.repeat(400)}!`) ?? false).toBe(false)
  })
})

describe('json_object', () => {
  const response_format = { type: 'json_object' }
  it('has the keys that the prompt names', async () => {
    expect(
      JSON.parse(
        await say('Return JSON with the keys name, age and city: Bob, 41 years old, from Rome', {
          response_format,
        }),
      ),
    ).toEqual({ name: 'Bob', age: 41, city: 'Rome' })
    expect(
      JSON.parse(
        await say('Anna is 5.', { response_format, system: 'Answer as {"name": string, "age": number}.' }),
      ),
    ).toEqual({ name: 'Anna', age: 5 })
  })

  it('is the ordinary answer in JSON else', async () => {
    expect(JSON.parse(await say('What is 2+2? Answer in JSON.', { response_format }))).toEqual({
      answer: '4',
    })
  })
})

it('a function and a schema at once: the function goes first, its result is put into the schema', async () => {
  const tools = [
    { type: 'function', function: { name: 'get_weather', parameters: object({ city: string }) } },
  ]
  const response_format = {
    type: 'json_schema',
    json_schema: { schema: object({ temperature: { type: 'number' } }) },
  }
  const first = await complete('Weather in Paris?', { tools, response_format })
  expect(first.toolCalls).toHaveLength(1)
  const before = [
    { role: 'user', content: 'Weather in Paris?' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', function: { name: 'get_weather', arguments: '{}' } }],
    },
  ]
  const request = {
    messages: [...before, { role: 'tool', tool_call_id: 'c1', content: '{"temperature": 18, "wind": 3}' }],
    tools,
    response_format,
  }
  const { expert } = await import('../ask.ts')
  const second = await expert.complete(request, { signal: new AbortController().signal })
  expect(JSON.parse(second.content ?? '')).toEqual({ temperature: 18 })
})
