import { describe, expect, it } from 'vitest'
import { readApiAnswer } from '../../../../adapters/miners/wire/openai-answer.ts'
import { GatewayError } from '../../../../src/errors.ts'
import type { ImageWork, TranscriptionWork } from '../../../../src/ports/miner.ts'

const hearing: TranscriptionWork = {
  kind: 'transcription',
  model: 'm',
  wav: new Uint8Array(),
  durationSeconds: 1,
  language: null,
  prompt: null,
  temperature: null,
}
const painting: ImageWork = {
  kind: 'image',
  model: 'm',
  prompt: 'a tree',
  width: 64,
  height: 64,
  count: 2,
  seed: null,
  format: 'png',
  background: 'auto',
}
const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex').toString('base64')
const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex').toString('base64')
const read = (work: ImageWork | TranscriptionWork, value: unknown) =>
  readApiAnswer(work, Buffer.from(JSON.stringify(value)))

describe('transcriptions', () => {
  it('reads words and segments with their times', () => {
    expect(
      read(hearing, {
        text: 'hello there',
        language: 'english',
        words: [{ word: 'hello', start: 0.1, end: 0.4, confidence: 0.9 }],
        segments: [{ id: 0, text: 'hello there', start: 0, end: 1, avg_logprob: -0.1 }],
      }),
    ).toEqual({
      kind: 'transcription',
      text: 'hello there',
      language: 'english',
      words: [{ word: 'hello', startSeconds: 0.1, endSeconds: 0.4, confidence: 0.9 }],
      segments: [{ text: 'hello there', startSeconds: 0, endSeconds: 1, confidence: Math.exp(-0.1) }],
    })
  })
  it('takes a text alone', () => {
    expect(read(hearing, { text: '' })).toEqual({
      kind: 'transcription',
      text: '',
      language: null,
      words: [],
      segments: [],
    })
  })
  it('mends times that run backwards and confidences out of range', () => {
    const words = [{ word: 'a', start: -1, end: -2, confidence: 7 }]
    const answer = read(hearing, { text: 'a', words })
    expect(answer).toMatchObject({ words: [{ startSeconds: 0, endSeconds: 0, confidence: 1 }] })
  })
  it.each([{}, { text: 7 }, { text: 'a', words: 'b' }, [], null, 'text'])('refuses %j', (value) => {
    expect(() => read(hearing, value)).toThrow(GatewayError)
  })
})

describe('pictures', () => {
  it('reads as many as were asked for, known by their bytes', () => {
    const answer = read(painting, {
      data: [
        { b64_json: PNG, revised_prompt: 'a green tree' },
        { b64_json: `data:image/jpeg;base64,${JPEG}` },
        {},
      ],
    })
    expect(answer).toMatchObject({
      revisedPrompt: 'a green tree',
      images: [{ mime: 'image/png' }, { mime: 'image/jpeg' }],
    })
  })
  it.each([
    ['too few', { data: [{ b64_json: PNG }] }],
    ['a URL, which is not followed', { data: [{ b64_json: PNG }, { url: 'http://169.254.169.254/x.png' }] }],
    ['no picture', { data: [{ b64_json: PNG }, { b64_json: 'aGVsbG8=' }] }],
    ['no list', { images: [PNG, PNG] }],
  ])('refuses %s', (_name, value) => {
    expect(() => read(painting, value)).toThrow(GatewayError)
  })
})
