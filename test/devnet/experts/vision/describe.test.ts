import { expect, it } from 'vitest'
import { describeRecognition, labelsToJson } from '../../../../devnet/experts/vision/describe.ts'
import type { Recognition } from '../../../../devnet/experts/vision/recognition.ts'

const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 }
const nothing: Recognition = {
  width: 640,
  height: 480,
  format: 'png',
  text: '',
  textConfidence: 0,
  isTextRead: true,
  labels: [],
  place: null,
  time: null,
  weather: null,
  colours: [{ name: 'blue', hex: '#0000ff', share: 1 }],
  source: 'drawings',
}
const fox = { name: 'fox', score: 0.95, count: 1, boxes: [box] }
const owls = { name: 'owl', score: 0.72, count: 2, boxes: [box, box] }
const place = { name: 'meadow', score: 0.9 }
const time = { name: 'night', score: 0.9 }
const weather = { name: 'snow', score: 0.9 }

it.each([
  [{ labels: [fox] }, 'I see a fox.'],
  [
    { labels: [fox, owls], place, time, weather },
    'I see a fox and probably 2 owls; place: meadow at night in snow.',
  ],
  [{ place }, 'I see no thing I know; place: meadow.'],
  [{ labels: [fox], text: 'OPEN' }, 'I see a fox. It says "OPEN".'],
  [
    {},
    'The picture (640 x 480 pixels, mostly blue) shows nothing I recognise and no text. I am trained on drawings of 192 things, not photographs.',
  ],
  [
    { labels: [fox], source: 'photographs' as const },
    'I see a fox. A detector for photographs of 80 everyday things found this.',
  ],
])('%j is told as "%s"', (found, sentence) => {
  expect(describeRecognition({ ...nothing, ...found }, 192)).toBe(sentence)
})

it('text that was not read is not denied', () => {
  expect(describeRecognition({ ...nothing, isTextRead: false }, 192)).toBe('There was no time to read text.')
})

it('labels are JSON with boxes as four shares', () => {
  expect(labelsToJson({ ...nothing, labels: [fox] })).toEqual([
    { label: 'fox', score: 0.95, count: 1, boxes: [[0.1, 0.2, 0.3, 0.4]] },
  ])
})
