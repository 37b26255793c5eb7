/** Tables in documents that repeat code say what the code says. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { listSettings } from '../src/config.ts'
import { ERRORS } from '../src/errors.ts'
import { parseSubnetsFile } from '../src/network/subnets-file.ts'

const read = (file: string) => readFileSync(file, 'utf8')
const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(' | '))

it('docs/settings.md lists exactly the settings that there are, with default and reason', () => {
  const expected = listSettings({}).map(({ name, default: byDefault, reason }) => [
    `\`${name}\``,
    byDefault === null ? '–' : `\`${byDefault}\``,
    reason,
  ])
  expect(rowsOf(read('docs/settings.md'))).toEqual(expected)
})

it('the example of a subnets file in docs/settings.md is one', () => {
  const example = /```json\n([\s\S]*?)```/.exec(read('docs/settings.md'))?.[1] ?? ''
  expect(parseSubnetsFile(example).experts[0]?.name).toBe('ollama')
})

it('docs/errors.md lists exactly the errors that there are', () => {
  const expected = Object.entries(ERRORS).map(([code, { status, type, retry, blame }]) => [
    `\`${code}\``,
    String(status),
    `\`${type}\``,
    retry ? 'yes' : 'no',
    blame,
  ])
  expect(rowsOf(read('docs/errors.md'))).toEqual(expected)
})

it('package.json and openapi.yaml name the same version', () => {
  expect(parse(read('openapi.yaml')).info.version).toBe(JSON.parse(read('package.json')).version)
})

/** Licences that may be installed. LGPL parts are used as separate libraries; GPL would bind the whole. */
const COPYLEFT = /\bA?GPL/

it('no dependency in the lock is under the GPL', () => {
  const packages: Record<string, { license?: string }> = JSON.parse(read('package-lock.json')).packages
  const found = Object.entries(packages)
    .filter(([, { license = '' }]) => license.replaceAll(/\bLGPL[\w.+-]*/g, '').match(COPYLEFT))
    .map(([name, { license }]) => `${name}: ${license}`)
  expect(found).toEqual([])
})

it('the lock names no host', () => {
  expect(read('package-lock.json')).not.toMatch(/"resolved"/)
})
