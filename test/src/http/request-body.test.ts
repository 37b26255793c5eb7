import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/http/request-body.ts'

const refused = (text: string | Buffer) =>
  expect(() => parseJson(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'invalid_request' }))

describe('parseJson', () => {
  it.each([
    '',
    '   ',
    '[]',
    '1',
    'null',
    '{"a":}',
    "{'a':1}",
    '{"a":NaN}',
    '{"a":1}{"a":1}',
    '{"__proto__":{}}',
    '{"a":[{"__proto__":1}]}',
  ])('refuses %j', (text) => refused(text))

  it('refuses what is not UTF-8', () => refused(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])))

  it('refuses a body nested 100,000 deep without falling over', () => {
    refused(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
  })

  it('counts no brackets inside strings', () => {
    expect(parseJson(Buffer.from(`{"a":"${'['.repeat(1000)}\\""}`)).value).toEqual({
      a: `${'['.repeat(1000)}"`,
    })
  })

  it('repeats no piece of the body in the error', () => {
    expect(() => parseJson(Buffer.from('{"secret": hunter2}'))).not.toThrow(/hunter2/)
  })

  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        fc.pre(!JSON.stringify(value).includes('"__proto__"'))
        expect(parseJson(Buffer.from(JSON.stringify(value))).value).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
