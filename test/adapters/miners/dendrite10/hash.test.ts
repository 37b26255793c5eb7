import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { dendriteBodyHash } from '../../../../adapters/miners/dendrite10/hash.ts'
import { type PythonValue, pythonStr } from '../../../../adapters/miners/dendrite10/python.ts'

const vectors = JSON.parse(
  readFileSync(new URL('../../../fixtures/miners/http-vectors.json', import.meta.url), 'utf8'),
)

it.each(vectors.dendrite_body_hash as { field_strings: string[]; hash: string }[])(
  'agrees with the published hash of $field_strings',
  ({ field_strings: fields, hash }) => {
    expect(dendriteBodyHash(fields)).toBe(hash)
  },
)

it.each([
  [[['user'], ['hi']], '40d0e0e0169627400f052da1dd3c2fef48bfaa4a895a1625aeae8cb78400a4ec'],
  [['{"model":"m"}'], '38c0f6fc41da169421d13ab3eff2ae6981aa84e55389733363b9117288cb8378'],
  [['grüße', 1, true, null], '384653aee959ba1c110093995885d99f35733998626cc3d45c1e3cc67dd23734'],
] as [PythonValue[], string][])('hashes %o as CPython does', (fields, expected) => {
  expect(dendriteBodyHash(fields)).toBe(expected)
})

// Every expected text below is CPython 3.11's own.
it.each([
  [['hi'], "['hi']"],
  [["it's"], '["it\'s"]'],
  [['say "x"'], '[\'say "x"\']'],
  [['both \' and " here'], "['both \\' and \" here']"],
  [['back\\slash'], "['back\\\\slash']"],
  [['line\nfeed\r\t'], "['line\\nfeed\\r\\t']"],
  [['\x00\x1f\x7f\x80\xa0\xad'], "['\\x00\\x1f\\x7f\\x80\\xa0\\xad']"],
  [['grüße 北京 👋'], "['grüße 北京 👋']"],
  [['\u200b\u2028\u3000\ue000\ufeff'], "['\\u200b\\u2028\\u3000\\ue000\\ufeff']"],
  [['\u{e0001}'], "['\\U000e0001']"],
  [[], '[]'],
  [{}, '{}'],
  [[1, -3n], '[1.0, -3]'],
  [{ a: [true, null, 1n, 2.5], b: { c: "d'e" } }, "{'a': [True, None, 1, 2.5], 'b': {'c': \"d'e\"}}"],
] as [PythonValue, string][])('writes %o as Python does', (value, expected) => {
  expect(pythonStr(value)).toBe(expected)
})

it.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [12, '12.0'],
  [0.1, '0.1'],
  [1e-4, '0.0001'],
  [1.5e-5, '1.5e-05'],
  [1e-7, '1e-07'],
  [1e15, '1000000000000000.0'],
  [9_999_999_999_999_998, '9999999999999998.0'],
  [1e16, '1e+16'],
  [1.2345678901234568e22, '1.2345678901234568e+22'],
  [123_456_789_012_345.6, '123456789012345.6'],
  [5e-324, '5e-324'],
  [1.7976931348623157e308, '1.7976931348623157e+308'],
  [0.30000000000000004, '0.30000000000000004'],
  [Number.POSITIVE_INFINITY, 'inf'],
  [Number.NEGATIVE_INFINITY, '-inf'],
  [Number.NaN, 'nan'],
])('writes the float %d as %s', (value, expected) => {
  expect(pythonStr(value)).toBe(expected)
})

it('leaves a string as it is: only strings inside something are quoted', () => {
  expect(pythonStr("it's\n")).toBe("it's\n")
})
