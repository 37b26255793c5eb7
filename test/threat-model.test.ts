/** docs/threat-model.md names tests that exist. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const document = readFileSync('docs/threat-model.md', 'utf8')

/** Rows under "Attacks": what is done, what is done about it, and the tests. */
const attacks = (document.split('## Attacks')[1]?.split('## What is left')[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| attack |'))
  .map((line) => line.slice(2, -2).split(' | '))

it.each(attacks)('%s', (_attack, defence = '', tests = '') => {
  if (/\*\*[^*]+ (is|are) not there\*\*/.test(defence) && tests === '–') return
  const references = [...tests.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)]
  expect(references.length).toBeGreaterThan(0)
  for (const [, file = '', titles = ''] of references) {
    expect([file, existsSync(file)]).toEqual([file, true])
    const text = readFileSync(file, 'utf8').replaceAll("\\'", "'")
    for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g))
      expect([file, title, text.includes(title)]).toEqual([file, title, true])
  }
})

it('has every attack that there is a section for', () => {
  expect(attacks.length).toBeGreaterThanOrEqual(45)
})
