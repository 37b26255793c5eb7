import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parsePrices } from '../../../src/billing/prices.ts'
import { parseSubnetsFile } from '../../../src/network/subnets-file.ts'

const devnet = readFileSync('profiles/devnet/subnets.json', 'utf8')
const changed = (change: (file: Record<string, never>) => void) => {
  const file = JSON.parse(devnet)
  change(file)
  return JSON.stringify(file)
}

it('the devnet profile has the four models in their order, all priced', () => {
  const file = parseSubnetsFile(devnet)
  expect(file.experts.flatMap(({ models }) => models.map(({ id }) => id))).toEqual([
    'yuma-text',
    'yuma-transcribe',
    'yuma-vision',
    'yuma-image',
  ])
  const prices = parsePrices(file.prices)
  for (const { models } of file.experts) for (const { id } of models) expect(prices.find(id)).not.toBeNull()
})

describe('a wrong file is refused with the path in it', () => {
  it.each<[string, (file: any) => void, RegExp]>([
    [
      'a model without a price',
      (file) => delete file.prices['yuma-text'],
      /prices\.yuma-text: has no price for input_token/,
    ],
    ['a misspelt field', (file) => (file.experts[0].netuuid = 1), /experts\.0/],
    [
      'an expert that is reached no way',
      (file) => delete file.experts[0].netuid,
      /experts\.0.*netuid.*or url/,
    ],
    [
      'a signing dialect at a URL',
      (file) => Object.assign(file.experts[0], { netuid: undefined, url: 'http://a' }),
      /dialect/,
    ],
    [
      'a key for miners that ask for a signature',
      (file) => (file.experts[0].apiKeyFile = '/run/secrets/key'),
      /experts\.0\.apiKeyFile: is for a url alone/,
    ],
    [
      'a name used twice',
      (file) => (file.experts[1].name = 'text'),
      /experts\.1\.name: "text" is used twice/,
    ],
    [
      'an unknown capability',
      (file) => (file.experts[0].models[0].capabilities = ['telepathy']),
      /experts\.0\.models\.0\.capabilities/,
    ],
  ])('%s', (_name, change, message) => {
    expect(() => parseSubnetsFile(changed(change))).toThrow(message)
  })

  it('text that is not JSON', () => {
    expect(() => parseSubnetsFile('{')).toThrow(/is not JSON/)
  })
})
