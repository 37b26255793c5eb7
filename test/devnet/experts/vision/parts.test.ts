import { describe, expect, it } from 'vitest'
import { loadPhotographDetector } from '../../../../devnet/experts/vision/coco.ts'
import { findTextLines } from '../../../../devnet/experts/vision/find-text-lines.ts'
import { readModelDescription } from '../../../../devnet/experts/vision/model-description.ts'
import { nameColours, nameOf } from '../../../../devnet/experts/vision/name-colours.ts'
import { thresholdFor } from '../../../../devnet/experts/vision/network.ts'
import { keepText } from '../../../../devnet/experts/vision/read-text.ts'
import { groupLabels } from '../../../../devnet/experts/vision/recognition.ts'
import { chooseGrid, flatnessOf, mirror, toTensor } from '../../../../devnet/experts/vision/to-tensor.ts'
import { visionFiles } from './vision-files.ts'

const line = (...words: [text: string, confidence: number][]) => ({
  words: words.map(([text, confidence]) => ({ text, confidence })),
})
const page = (...lines: ReturnType<typeof line>[]) => [{ paragraphs: [{ lines }] }]

describe('text', () => {
  it('keeps sure lines and drops what is texture', () => {
    const kept = keepText(page(line(['Hello', 96], ['world', 90]), line(['~|=', 95]), line(['Wl', 40])))
    expect(kept).toEqual({ text: 'Hello world', confidence: 0.93 })
  })

  it('loses the strokes of a frame around it', () => {
    expect(keepText(page(line(['|', 80], ['OPEN', 95], ['|', 70]))).text).toBe('OPEN')
  })

  it('believes two letters only when they are sure', () => {
    expect(keepText(page(line(['Fy', 77]))).text).toBe('')
    expect(keepText(page(line(['42', 95]))).text).toBe('42')
  })

  it('of an empty page is empty, with no certainty', () => {
    expect(keepText([])).toEqual({ text: '', confidence: 0 })
  })
})

it.each([
  [[255, 255, 255], 'white'],
  [[10, 10, 12], 'black'],
  [[128, 128, 130], 'grey'],
  [[217, 43, 43], 'red'],
  [[240, 138, 36], 'orange'],
  [[244, 207, 44], 'yellow'],
  [[53, 160, 74], 'green'],
  [[47, 111, 219], 'blue'],
  [[125, 69, 196], 'purple'],
  [[238, 127, 176], 'pink'],
  [[138, 90, 53], 'brown'],
] as const)('%j is %s', ([red, green, blue], name) => {
  expect(nameOf(red, green, blue)).toBe(name)
})

it('colours are told by share, the largest first', () => {
  const data = new Uint8Array(100 * 3)
  for (let pixel = 0; pixel < 100; pixel++) data.set(pixel < 70 ? [255, 0, 0] : [0, 0, 255], pixel * 3)
  expect(nameColours({ width: 10, height: 10, data })).toEqual([
    { name: 'red', hex: '#ff0000', share: 0.7 },
    { name: 'blue', hex: '#0000ff', share: 0.3 },
  ])
})

describe('lines of text', () => {
  const side = 200
  const plain = () => new Uint8Array(side * side * 3).fill(230)
  const paint = (data: Uint8Array, [left, top, width, height]: readonly number[], value: number) => {
    for (let y = top ?? 0; y < (top ?? 0) + (height ?? 0); y++) {
      data.fill(value, (y * side + (left ?? 0)) * 3, (y * side + (left ?? 0) + (width ?? 0)) * 3)
    }
  }

  it('are rows of letters, found with a margin around them', () => {
    const data = plain()
    for (const left of [50, 70, 90, 110]) paint(data, [left, 80, 12, 20], 20)
    const [line, ...others] = findTextLines({ width: side, height: side, data })
    expect(others).toEqual([])
    expect(line).toEqual({ x: 0.215, y: 0.365, width: 0.43, height: 0.17 })
  })

  it('are not seen in a plain picture or in one shape alone', () => {
    const data = plain()
    expect(findTextLines({ width: side, height: side, data })).toEqual([])
    paint(data, [80, 80, 20, 20], 20)
    expect(findTextLines({ width: side, height: side, data })).toEqual([])
  })
})

describe('labels', () => {
  const thing = (label: string, score: number, x = 0.1) => ({
    label,
    score,
    x,
    y: 0.1,
    width: 0.2,
    height: 0.2,
  })
  it('below the threshold are left out, the rest is counted and sorted', () => {
    const found = groupLabels(
      [thing('cat', 0.8), thing('dog', 0.9), thing('cat', 0.75), thing('cow', 0.6)],
      0.7,
    )
    expect(found.map(({ name, count, score }) => [name, count, score])).toEqual([
      ['dog', 1, 0.9],
      ['cat', 2, 0.8],
    ])
  })

  it('have boxes that end where the picture ends', () => {
    expect(groupLabels([thing('cat', 0.9, -0.1)], 0.7)[0]?.boxes).toEqual([
      { x: 0, y: 0.1, width: 0.1, height: 0.2 },
    ])
  })
})

describe('the network input', () => {
  it.each([
    [512, 512, [160, 160]],
    [768, 512, [192, 128]],
    [1, 5000, [64, 320]],
  ])('%i x %i becomes %j', (width, height, [gridWidth, gridHeight]) => {
    expect(chooseGrid(width, height, 160)).toMatchObject({ width: gridWidth, height: gridHeight })
  })

  it.each([7, 160, 500])('of a plain picture %i pixels wide is plain', (side) => {
    const { data } = toTensor(
      { width: side, height: side, data: new Uint8Array(side * side * 3).fill(77) },
      160,
    )
    expect(data.every((value) => Math.abs(value - 77) < 1e-3)).toBe(true)
  })

  it('mirrored has every row of every colour turned round, and mirrored again is itself', () => {
    const upright = { width: 3, height: 2, data: Float32Array.from({ length: 18 }, (_, index) => index) }
    const mirrored = mirror(upright)
    expect([...mirrored.data.subarray(0, 9)]).toEqual([2, 1, 0, 5, 4, 3, 8, 7, 6])
    expect(mirror(mirrored)).toEqual(upright)
  })
})

describe('flatness', () => {
  const of = (value: (index: number) => number) =>
    flatnessOf({
      width: 64,
      height: 64,
      data: Float32Array.from({ length: 3 * 64 * 64 }, (_, index) => value(index)),
    })
  it('is 1 for a plain picture and 0 for a chequered one', () => {
    expect([of(() => 9), of((index) => (index % 2) * 50)]).toEqual([1, 0])
  })

  it('low makes the threshold the strict one', async () => {
    const description = await readModelDescription(visionFiles.vocabularyPath)
    expect(thresholdFor({ flatness: 0.9 }, description)).toBe(description.threshold)
    expect(thresholdFor({ flatness: 0.1 }, description)).toBe(description.textured.threshold)
    expect(description.textured.threshold).toBeGreaterThan(description.threshold)
  })
})

it('without its packages the add-on for photographs is absent', async () => {
  expect(await loadPhotographDetector('/nonexistent')).toBe(null)
})
