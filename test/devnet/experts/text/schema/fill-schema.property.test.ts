import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hasFormat } from '../../../../../devnet/experts/text/schema/formats.ts'
import { ARTICLE, complete, json } from '../ask.ts'

const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 1_000_000)
const runs = Number(process.env.PROPERTY_RUNS ?? 300)

const FORMATS = [
  'date',
  'time',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
  'uri',
] as const
const formats = Object.fromEntries(
  FORMATS.map((name) => [
    name,
    (text: string) => hasFormat(text, name) || (name === 'ipv6' && text === '::'),
  ]),
)
const ajv = new Ajv2020({ strict: false, formats, allErrors: true, ownProperties: true })

const PATTERNS = [
  '^[A-Z]{2}\\d{3}$',
  '^(?:red|green|blue)$',
  '[a-z]+@[a-z]+',
  '^\\w+(?:-\\w+)*$',
  '^.{3,5}$',
  '^[^x]+$',
  'ab?c*',
  '^\\d{4}-\\d{2}$',
  '^(a+)+$',
  '^[\\w.]+$',
]

const range = (low: number, high: number) =>
  fc
    .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: 0, max: high - low }))
    .map(([from, more]) => [from, from + more] as const)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const pruned = (schema: object) =>
  Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined))

const text = fc.oneof(
  fc
    .record({ lengths: maybe(range(0, 30)) })
    .map(({ lengths }) => pruned({ type: 'string', minLength: lengths?.[0], maxLength: lengths?.[1] })),
  fc.constantFrom(...PATTERNS).map((pattern) => ({ type: 'string', pattern })),
  fc.constantFrom(...FORMATS).map((format) => ({ type: 'string', format })),
)
const number = fc.oneof(
  fc
    .record({ bounds: maybe(range(-1000, 1000)), isInteger: fc.boolean() })
    .map(({ bounds, isInteger }) =>
      pruned({ type: isInteger ? 'integer' : 'number', minimum: bounds?.[0], maximum: bounds?.[1] }),
    ),
  range(-50, 50).map(([low, high]) => ({
    type: 'integer',
    exclusiveMinimum: low,
    exclusiveMaximum: high + 2,
  })),
  range(-50, 50).map(([low, high]) => ({
    type: 'number',
    exclusiveMinimum: low,
    exclusiveMaximum: high + 1,
  })),
  fc.constantFrom(1, 2, 5, 10, 0.5, 0.25).chain((multipleOf) =>
    range(-20, 20).map(([low, high]) => ({
      type: 'number',
      multipleOf,
      minimum: low * multipleOf,
      maximum: high * multipleOf,
    })),
  ),
)
const choice = fc.oneof(
  fc
    .uniqueArray(fc.oneof(fc.string({ maxLength: 8 }), fc.integer(), fc.boolean(), fc.constant(null)), {
      minLength: 1,
      maxLength: 5,
    })
    .map((values) => ({ enum: values })),
  fc.oneof(fc.string({ maxLength: 8 }), fc.integer()).map((value) => ({ const: value })),
)
const leaf = fc.oneof(
  text,
  number,
  choice,
  fc.constant({ type: 'boolean' }),
  fc.constant({ type: 'null' }),
  fc.constant({ type: ['string', 'null'] }),
  fc.constant({ $ref: '#/$defs/leaf' }),
  fc.constant({}),
)

const KEYS = [
  'name',
  'age',
  'city',
  'email',
  'tags',
  'summary',
  'prompts',
  'isOpen',
  'date',
  'price',
  'items',
  'query',
  'title',
  'x',
  'constructor',
  'a-b',
  'Größe',
]
const { node } = fc.letrec<{ node: object }>((tie) => {
  const object = fc
    .record({
      properties: fc.dictionary(fc.constantFrom(...KEYS), tie('node'), { maxKeys: 5, noNullPrototype: true }),
      requiredShare: fc.double({ min: 0, max: 1, noNaN: true }),
      isStrict: fc.boolean(),
    })
    .map(({ properties, requiredShare, isStrict }) => {
      const names = Object.keys(properties)
      return {
        type: 'object',
        properties,
        required: names.slice(0, Math.ceil(names.length * requiredShare)),
        ...(isStrict ? { additionalProperties: false } : {}),
      }
    })
  const array = fc
    .record({ items: tie('node'), counts: maybe(range(0, 4)) })
    .map(({ items, counts }) =>
      pruned({ type: 'array', items, minItems: counts?.[0], maxItems: counts?.[1] }),
    )
  const anyOf = fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((branches) => ({ anyOf: branches }))
  const allOf = fc
    .tuple(text, fc.string({ maxLength: 10 }))
    .map(([one, description]) => ({ allOf: [one, { description }] }))
  return {
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      { weight: 2, arbitrary: object },
      array,
      anyOf,
      allOf,
    ),
  }
})

const root = fc
  .record({
    properties: fc.dictionary(fc.constantFrom(...KEYS), node, {
      minKeys: 1,
      maxKeys: 6,
      noNullPrototype: true,
    }),
    leaf: text,
    tree: fc.boolean(),
  })
  .map(({ properties, leaf: shared, tree }) => ({
    type: 'object',
    properties: { ...properties, ...(tree ? { tree: { $ref: '#/$defs/tree' } } : {}) },
    required: Object.keys(properties),
    additionalProperties: false,
    $defs: {
      leaf: shared,
      tree: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          children: { type: 'array', items: { $ref: '#/$defs/tree' } },
        },
        required: ['name', 'children'],
        additionalProperties: false,
      },
    },
  }))

const prompt = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom(
    'Make up a person.',
    ARTICLE,
    'Anna Berg is 34 years old, lives in Oslo, anna@berg.no, price 12.50 dollars, open on 3 May 2027',
    'tags: red, green and blue',
    '- a cat\n- a dog\n- a cow',
    '',
  ),
)

it(`what is written is valid against any schema of the supported kind (seed ${seed})`, async () => {
  process.stdout.write(`property seed ${seed}\n`)
  await fc.assert(
    fc.asyncProperty(root, prompt, async (schema, content) => {
      const value = await json(content, schema)
      const validate = ajv.compile(schema)
      expect(
        validate(value),
        `${JSON.stringify(schema)} ← ${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`,
      ).toBe(true)
    }),
    { seed, numRuns: runs },
  )
}, 120_000)

it(`arguments of a forced function are valid against its parameters (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(root, prompt, async (parameters, content) => {
      const tools = [{ type: 'function', function: { name: 'act', parameters } }]
      const { toolCalls, finishReason } = await complete(content, {
        tools,
        tool_choice: { type: 'function', function: { name: 'act' } },
      })
      expect(finishReason).toBe('tool_calls')
      const validate = ajv.compile(parameters)
      for (const call of toolCalls)
        expect(validate(JSON.parse(call.argumentsJson)), ajv.errorsText(validate.errors)).toBe(true)
    }),
    { seed, numRuns: Math.ceil(runs / 3) },
  )
}, 120_000)

it(`any JSON in the place of a schema or of tools gives an answer (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.jsonValue({ maxDepth: 4 }),
      fc.jsonValue({ maxDepth: 4 }),
      prompt,
      async (schema, tools, content) => {
        const answer = await complete(content, {
          response_format: { type: 'json_schema', json_schema: { schema } },
          tools,
        })
        expect(typeof (answer.content ?? '')).toBe('string')
        const keywords = {
          type: 'object',
          properties: {
            a: { type: schema, items: schema, anyOf: schema, enum: schema, minimum: schema, pattern: schema },
          },
          required: ['a', schema],
        }
        expect(
          JSON.parse(
            (
              await complete(content, {
                response_format: { type: 'json_schema', json_schema: { schema: keywords } },
              })
            ).content ?? '',
          ),
        ).toBeTypeOf('object')
      },
    ),
    { seed, numRuns: runs },
  )
}, 120_000)

it(`random conversations never throw and always end (seed ${seed})`, async () => {
  const words = fc
    .array(
      fc.constantFrom(
        'summarise',
        'count',
        'to',
        '12',
        'what',
        'is',
        '*',
        '(',
        ')',
        'image prompt',
        ':',
        '\n',
        '"',
        'extract',
        'emails',
        'Paris',
        'weather',
        'a red fox',
        'under',
        'how many',
        'words',
        'sort',
        'in',
        'the',
        '🦊',
        '%',
        '^',
        '99',
        'keywords',
        'repeat',
        'say',
      ),
      { maxLength: 25 },
    )
    .map((parts) => parts.join(' '))
  const message = fc.record({
    role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'developer'),
    content: fc.oneof(words, fc.string({ unit: 'binary', maxLength: 200 })),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 4 }),
      fc.oneof(words, fc.string({ maxLength: 300 })),
      maybe(fc.integer({ min: 1, max: 50 })),
      async (before, content, max_tokens) => {
        const answer = await complete(content, { before, max_tokens })
        expect(answer.completionTokens).toBeLessThanOrEqual(max_tokens ?? Number.POSITIVE_INFINITY)
        expect(['stop', 'length']).toContain(answer.finishReason)
      },
    ),
    { seed, numRuns: 2 * runs },
  )
}, 120_000)
