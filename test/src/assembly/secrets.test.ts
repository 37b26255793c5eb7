import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSecret, openSecretText } from '../../../src/assembly/secrets.ts'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yumagate-secrets-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it('is made once, kept, and readable by its owner alone', () => {
  const file = join(directory, 'secret')
  const first = openSecret(file)
  expect(first).toHaveLength(32)
  expect(openSecret(file)).toEqual(first)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('an empty or torn file is no secret: it is replaced', () => {
  const file = join(directory, 'secret')
  writeFileSync(file, '')
  expect(openSecret(file)).toHaveLength(32)
  writeFileSync(file, 'abc')
  expect(openSecretText(file, () => 'a-new-secret-of-some-length')).toBe('a-new-secret-of-some-length')
  expect(readFileSync(file, 'utf8').trim()).toBe('a-new-secret-of-some-length')
})
