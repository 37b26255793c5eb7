import { beforeAll, describe, expect, it } from 'vitest'
import { composeScene } from '../../../../devnet/experts/image/compose-scene.ts'
import type { IconSet } from '../../../../devnet/experts/image/scene/icons.ts'
import { hiddenShare } from '../../../../devnet/experts/image/scene/item.ts'
import { layoutScene } from '../../../../devnet/experts/image/scene/layout.ts'
import type { Relation, SceneSpec } from '../../../../devnet/experts/image/scene/spec.ts'
import { readIcons, vocabulary } from './composer-files.ts'

let icons: IconSet
beforeAll(async () => {
  icons = await readIcons()
})
const compose = (prompt: string, seed = 1, size = { width: 512, height: 512 }) =>
  composeScene({ prompt, seed, ...size }, { vocabulary, icons })

it('the shipped drawings cover every noun of the vocabulary', () => {
  const missing = vocabulary.entries.filter((entry) => !entry.icons.some((name) => icons.has(name)))
  expect(missing).toEqual([])
})

it('same words, seed and size give the same SVG, another seed another one', () => {
  expect(compose('a cat and a dog').svg).toBe(compose('a cat and a dog').svg)
  expect(compose('a cat and a dog', 2).svg).not.toBe(compose('a cat and a dog').svg)
})

it('ids are unique although drawings share them', () => {
  const ids = [...compose('two cats, two red foxes, a car, a house at night').svg.matchAll(/\bid="([^"]+)"/g)]
  expect(new Set(ids.map(([, id]) => id)).size).toBe(ids.length)
})

it('every thing is drawn, and inside the picture', () => {
  const { boxes } = compose('three cats, a tree, two birds and a sun')
  const labels = boxes.map((box) => box.label).sort()
  expect(labels).toEqual(['bird', 'bird', 'cat', 'cat', 'cat', 'sun', 'tree'])
  for (const { x, y, width, height } of boxes) {
    expect(Math.min(x, y)).toBeGreaterThanOrEqual(0)
    expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1)
  }
})

const pairSpec = (relation: Relation): SceneSpec => ({
  objects: [
    { label: 'fox', count: 1, colour: null, size: 1 },
    { label: 'house', count: 1, colour: null, size: 1 },
  ],
  relations: [{ from: 0, relation, to: 1, order: 0 }],
  place: 'meadow',
  time: 'day',
  weather: 'clear',
  backdrop: null,
})

describe.each(['left', 'right', 'above', 'below', 'on', 'behind', 'under', 'front'] as const)(
  '%s',
  (relation) => {
    it('is shown, and hides neither of the two', () => {
      for (let seed = 0; seed < 20; seed++) {
        const { items } = layoutScene(pairSpec(relation), { vocabulary, icons, seed: `${seed}`, aspect: 1.5 })
        const [fox, house] = ['fox', 'house'].map((label) => items.find((item) => item.label === label))
        if (!fox || !house) throw new Error('A thing is missing.')
        if (relation === 'left') expect(fox.x).toBeLessThan(house.x)
        if (relation === 'right') expect(fox.x).toBeGreaterThan(house.x)
        if (relation === 'above' || relation === 'on') expect(fox.y).toBeLessThan(house.y)
        if (relation === 'below') expect(fox.y).toBeGreaterThan(house.y)
        if (relation === 'behind') expect(items.indexOf(fox)).toBeLessThan(items.indexOf(house))
        if (relation === 'front') expect(items.indexOf(fox)).toBeGreaterThan(items.indexOf(house))
        for (const [index, item] of items.entries()) {
          expect(hiddenShare(item, items.slice(index + 1))).toBeLessThan(0.6)
        }
      }
    })
  },
)

it('a description says that it is composed and which words were not used', () => {
  const { description } = compose('a red fox and a zeppelin at night')
  expect(description).toBe(
    'Composed from ready drawings by rules, not painted by a diffusion model: a red fox (meadow, night). Words not used: zeppelin.',
  )
})

it('words of a sign cannot break the SVG', () => {
  const { svg } = compose('a sign saying "</text><script>&amp;\u0000"')
  expect(svg).not.toContain('<script')
  expect(svg).toContain('&lt;script&gt;')
})
