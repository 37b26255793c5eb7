import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillStep } from '../../../../src/pipeline/language/fill.ts'
import { describeSlot, type OutputFacts } from '../../../../src/pipeline/language/output-shapes.ts'
import {
  type From,
  listReferences,
  mapReferences,
  valueAt,
} from '../../../../src/pipeline/language/references.ts'

const seed = Date.now() % 2 ** 31
const check = (property: fc.IProperty<unknown>, numRuns = 300) => {
  try {
    fc.assert(property as fc.IProperty<[unknown]>, { seed, numRuns })
  } catch (cause) {
    throw new Error(`seed ${seed}`, { cause })
  }
}

const facts: OutputFacts = { use: 'chat', asksJson: true, count: 0, textBytesMax: 1_000_000 }
const pointerOf = (path: readonly string[]) =>
  path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

const options = (input: unknown, output: unknown) => ({
  slotOf: ({ path }: From) => describeSlot(facts, path),
  resolve: ({ stepId, path }: From) => valueAt(stepId === null ? input : output, path),
  writeFile: ({ fileId }: { fileId: string }) => `<${fileId}>`,
})

/** A JSON value and a path to somewhere in it. */
const valueAndPath = fc.jsonValue({ maxDepth: 4 }).chain((value) => {
  const paths: string[][] = []
  const walk = (here: unknown, path: string[]) => {
    paths.push(path)
    if (typeof here !== 'object' || here === null) return
    for (const [name, member] of Object.entries(here)) walk(member, [...path, name])
  }
  walk(value, [])
  return fc.constantFrom(...paths).map((path) => ({ value, path }))
})

describe('references', () => {
  it('lead to every place of a JSON value, whatever its names are', () => {
    check(
      fc.property(valueAndPath, ({ value, path }) => {
        const pointer = pointerOf(['input', ...path])
        fc.pre(pointer.length <= 512)
        const [found] = listReferences({ $from: pointer })
        expect(found?.from.path).toEqual(path)
        const expected = path.reduce<unknown>((here, name) => (here as Record<string, unknown>)[name], value)
        expect(valueAt(value, path)).toEqual(expected)
      }),
    )
  })

  it('lead to nothing that is inherited, or beside a list', () => {
    for (const path of [
      ['constructor'],
      ['toString', 'name'],
      ['length'],
      ['__proto__'],
      ['list', 'length'],
      ['list', '-1'],
      ['list', '01'],
    ]) {
      expect(valueAt({ list: [1, 2] }, path)).toBeUndefined()
    }
    expect(valueAt('text', ['length'])).toBeUndefined()
  })

  it('a value without any is copied as it is', () => {
    check(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(mapReferences(value, () => 'replaced')).toEqual(value)
      }),
    )
  })

  it('what takes the place of one is not read as one again', () => {
    const sly = { $from: '/input/secret' }
    expect(mapReferences({ a: { $from: '/input/x' } }, () => sly)).toEqual({ a: sly })
  })

  it('names of JSON Schema are not ours: $ref and $defs stay', () => {
    const schema = { $defs: { a: { type: 'string' } }, $ref: '#/$defs/a' }
    expect(mapReferences(schema, () => 'replaced')).toEqual(schema)
  })
})

describe('filling', () => {
  it('a text of a step arrives as it is, alone and joined, and nothing around it changes', () => {
    check(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (said, around) => {
        const output = { text: said }
        const alone = { messages: [{ role: 'user', content: { $from: '/steps/a/text' } }], top_k: around }
        expect(fillStep({ use: 'chat', with: alone }, options({}, output))).toEqual({
          messages: [{ role: 'user', content: said }],
          top_k: around,
        })
        const parts = around.slice(0, 100).flatMap((text) => [text, { $from: '/steps/a/text' }])
        const joined = { messages: [{ role: 'user', content: { $text: parts } }] }
        expect(fillStep({ use: 'chat', with: joined }, options({}, output))).toEqual({
          messages: [
            {
              role: 'user',
              content: around
                .slice(0, 100)
                .map((text) => text + said)
                .join(''),
            },
          ],
        })
      }),
    )
  })

  it('JSON of a step is written out in a joined text, and taken alone only when it is a text', () => {
    check(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        const output = { json: { a: value } }
        const joined = { prompt: { $text: ['x', { $from: '/steps/a/json/a' }] } }
        const fill = (body: Record<string, unknown>) =>
          fillStep({ use: 'image.generate', with: body }, options({}, output))
        if (value === null) expect(() => fill(joined)).toThrow('there is nothing')
        else
          expect(fill(joined)).toEqual({
            prompt: `x${typeof value === 'string' ? value : JSON.stringify(value)}`,
          })
        const alone = { prompt: { $from: '/steps/a/json/a' } }
        if (typeof value === 'string') expect(fill(alone)).toEqual({ prompt: value })
        else expect(() => fill(alone)).toThrow()
      }),
    )
  })

  it('a value of the input keeps its type wherever a field takes one', () => {
    check(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        fc.pre(value !== null)
        const body = { temperature: { $from: '/input/t' } }
        expect(fillStep({ use: 'chat', with: body }, options({ t: value }, {}))).toEqual({
          temperature: value,
        })
      }),
    )
  })

  it('a text longer than what was priced goes no further', () => {
    const narrow = { ...options({}, { text: 'äöü' }), slotOf: () => ({ kind: 'text', bytesMax: 5 }) as const }
    expect(() =>
      fillStep({ use: 'image.generate', with: { prompt: { $from: '/steps/a/text' } } }, narrow),
    ).toThrow('longer than the 5 bytes')
  })

  it('a file stands only where a picture or a recording may', () => {
    const image = { use: 'image.recognize', with: { image: { $file: 'file-1' } } } as const
    expect(fillStep(image, options({}, {}))).toEqual({ image: '<file-1>' })
    const input = { use: 'audio.transcribe', with: { file: { $from: '/input/a' } } } as const
    expect(fillStep(input, options({ a: { $file: 'file-2' } }, {}))).toEqual({ file: '<file-2>' })
    for (const body of [
      { prompt: { $file: 'file-1' } },
      { prompt: 'x', seed: { $file: 'file-1' } },
      { prompt: { $text: [{ $from: '/input/a' }] } },
    ]) {
      const step = { use: 'image.generate', with: body } as const
      expect(() => fillStep(step, options({ a: { $file: 'file-2' } }, {}))).toThrow('file')
    }
  })
})
