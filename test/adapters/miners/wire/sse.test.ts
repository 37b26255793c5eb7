import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventLines } from '../../../../adapters/miners/wire/sse.ts'

function read(chunks: readonly Buffer[], lineBytesMax = 1_000_000): { payloads: string[]; fits: boolean } {
  const payloads: string[] = []
  const lines = new EventLines(lineBytesMax, (payload) => payloads.push(payload))
  const fits = chunks.every((chunk) => lines.push(chunk))
  if (fits) lines.end()
  return { payloads, fits }
}

const readText = (text: string) => read([Buffer.from(text)]).payloads

it.each([
  ['line feeds', 'data: {"a":1}\n\ndata: {"a":2}\n\n'],
  ['CR LF', 'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\n'],
  ['no space after the colon', 'data:{"a":1}\n\ndata:{"a":2}\n\n'],
  ['no blank line between events', 'data: {"a":1}\ndata: {"a":2}\n'],
  ['no line feed at the end', 'data: {"a":1}\n\ndata: {"a":2}'],
  [
    'comments and other fields',
    ': hi\n\nid: 1\nevent: x\ndata: {"a":1}\n: ping\n\nretry: 3\ndata: {"a":2}\n\n',
  ],
  ['empty events', 'data:\n\ndata: {"a":1}\n\ndata: \n\n\n\ndata: {"a":2}\n\n'],
  ['a byte order mark', '\uFEFFdata: {"a":1}\n\ndata: {"a":2}\n\n'],
])('reads two payloads despite %s', (_name, text) => {
  expect(readText(text)).toEqual(['{"a":1}', '{"a":2}'])
})

it('joins the data lines of one event when the first is not a whole object', () => {
  expect(readText('data: {\ndata:  "a":1\ndata: }\n\ndata: [DONE]\n\n')).toEqual(['{\n "a":1\n}', '[DONE]'])
})

it('hands on [DONE] without waiting for its blank line, with spaces around it too', () => {
  expect(readText('data: {"a":1}\n\ndata:  [DONE] \n')).toEqual(['{"a":1}', '[DONE]'])
})

it('hands on what is neither an object nor [DONE], for others to refuse', () => {
  expect(readText('data: {nope\n\ndata: 7\n\n')).toEqual(['{nope', '7'])
})

it('reads the same payloads however the bytes are cut', () => {
  const payload = fc.record({ t: fc.string({ unit: 'binary', maxLength: 20 }) }).map((v) => JSON.stringify(v))
  fc.assert(
    fc.property(
      fc.array(payload, { maxLength: 12 }),
      fc.constantFrom('\n', '\r\n'),
      fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 40 }),
      (payloads, eol, sizes) => {
        const bytes = Buffer.from(payloads.map((text) => `data: ${text}${eol}${eol}`).join(''))
        const chunks: Buffer[] = []
        for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1
          chunks.push(bytes.subarray(start, start + size))
          start += size
        }
        expect(read(chunks).payloads).toEqual(payloads)
      },
    ),
  )
})

it('says when a line without an end is too long, and not before', () => {
  const piece = Buffer.from('x'.repeat(100))
  expect(
    read(
      Array.from({ length: 10 }, () => piece),
      1_000,
    ).fits,
  ).toBe(true)
  expect(
    read(
      Array.from({ length: 11 }, () => piece),
      1_000,
    ).fits,
  ).toBe(false)
})

it('says when an event of many lines without an end is too long', () => {
  expect(
    read(
      Array.from({ length: 30 }, () => Buffer.from('data: {"a":"bcd\n')),
      200,
    ).fits,
  ).toBe(false)
})
