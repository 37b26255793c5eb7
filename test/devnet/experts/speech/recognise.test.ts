import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countWordErrors } from '../../../../devnet/experts/speech/error-rate.ts'
import { createSpeechRecogniser, type SpeechRecogniser } from '../../../../devnet/experts/speech/recognise.ts'
import { readFixture } from './fixtures.ts'
import { beeps, hum, seededRandom, silence, siren, sweep, tone, whiteNoise, within } from './sounds.ts'

const RATE = 16_000
const names = ['slt-elephant', 'awb-train', 'kal-morning', 'ked-boats']
let recogniser: SpeechRecogniser
beforeAll(async () => {
  recogniser = await createSpeechRecogniser()
})
afterAll(() => recogniser.close())

describe('the speech recogniser', () => {
  test.each([
    ['recordings', 'fixtures', names],
    ['examples', 'examples', ['spoken-request', 'spoken-castle', 'spoken-rabbit', 'spoken-sailboat']],
  ] as const)('hears at least four of five words of the %s', async (_, folder, files) => {
    let errors = 0
    let words = 0
    for (const name of files) {
      const { samples, text } = readFixture(name, folder)
      const count = countWordErrors(text, (await recogniser.recognise(samples)).text)
      errors += count.errors
      words += count.words
    }
    expect(errors / words).toBeLessThanOrEqual(0.2)
  })

  test("hears everything that the demonstration's request wants painted", async () => {
    const { samples } = readFixture('spoken-request', 'examples')
    const { text } = await recogniser.recognise(samples)
    for (const word of ['paint', 'red', 'fox', 'under', 'tree', 'snow', 'night'])
      expect(text.split(' ')).toContain(word)
  })

  test.each(names)('gives the words of %s times in order, within the recording', async (name) => {
    const { samples } = readFixture(name)
    const { text, words, segments, durationSeconds, confidence } = await recogniser.recognise(samples)
    expect(durationSeconds).toBe(samples.length / RATE)
    expect(words.length).toBeGreaterThan(0)
    expect(words.map(({ word }) => word).join(' ')).toBe(text)
    expect(segments.map((segment) => segment.text).join(' ')).toBe(text)
    let last = 0
    for (const { startSeconds, endSeconds, confidence: sure } of words) {
      expect(startSeconds).toBeGreaterThanOrEqual(last - 1e-9)
      expect(endSeconds).toBeGreaterThan(startSeconds)
      expect(sure).toBeGreaterThan(0)
      expect(sure).toBeLessThanOrEqual(1)
      last = endSeconds
    }
    expect(last).toBeLessThanOrEqual(durationSeconds)
    expect(confidence).toBeGreaterThan(0.5)
  })

  test.each([
    ['nothing', new Float32Array(0)],
    ['silence', silence()],
    ['a tone of 440 Hz', tone(440)],
    ['a tone within silence', within(tone(440))],
    ['white noise', whiteNoise()],
    ['soft white noise', whiteNoise(3, 0.002)],
    ['noise within silence', within(whiteNoise())],
    ['mains hum', hum()],
    ['a sweep', sweep()],
    ['a sweep within silence', within(sweep())],
    ['beeps', beeps()],
    ['a siren', siren()],
  ])('hears no words in %s', async (_, sound) => {
    expect(await recogniser.recognise(sound)).toMatchObject({
      text: '',
      confidence: 0,
      words: [],
      segments: [],
    })
  })

  test('hears softly and with broken samples what it hears loudly', async () => {
    const { samples, text } = readFixture('slt-elephant')
    expect((await recogniser.recognise(samples.map((v) => v / 30))).text).toBe(text)
    const broken = samples.slice()
    broken[10] = Number.NaN
    broken[20] = Number.POSITIVE_INFINITY
    expect((await recogniser.recognise(broken)).text).toBe(text)
  })

  test('hears the sentences of a long recording one after the other, each at its time', async () => {
    const random = seededRandom(5)
    const gap = RATE * 1.5
    const parts = names.map((name) => readFixture(name).samples)
    const recording = new Float32Array(parts.reduce((sum, part) => sum + part.length + gap, gap))
    let offset = gap
    const starts = parts.map((part) => {
      recording.set(part, offset)
      const start = offset / RATE
      offset += part.length + gap
      return start
    })
    const { segments } = await recogniser.recognise(recording.map((v) => v + 0.001 * (random() - 0.5)))
    expect(segments).toHaveLength(names.length)
    segments.forEach(({ startSeconds }, i) => {
      expect(Math.abs(startSeconds - starts[i]!)).toBeLessThan(0.4)
    })
  })

  test('stops when the caller aborts, before and during', async () => {
    const { samples } = readFixture('slt-elephant')
    const before = AbortSignal.abort(new Error('gone'))
    await expect(recogniser.recognise(samples, { signal: before })).rejects.toThrow('gone')
    const controller = new AbortController()
    const listening = recogniser.recognise(samples, { signal: controller.signal })
    setImmediate(() => controller.abort(new Error('gone')))
    await expect(listening).rejects.toThrow('gone')
  })

  test('asks a second listener where it is in doubt, and there alone', async () => {
    const { samples } = readFixture('slt-elephant')
    const own = (await recogniser.recognise(samples)).words
    const asked: number[] = []
    const secondListener = {
      async listen(chunk: Float32Array) {
        asked.push(chunk.length)
        return []
      },
    }
    const withSecond = await createSpeechRecogniser({ secondListener })
    const heard = await withSecond.recognise(samples)
    await withSecond.recognise(readFixture('ked-boats').samples)
    await withSecond.close()
    expect(heard.words).toEqual(own)
    // The first recording is heard without a doubt; in the second there is one.
    expect(asked).toHaveLength(1)
  })

  test('is not made of files that are missing or no models', async () => {
    await expect(createSpeechRecogniser({ modelsDirectory: '/nonexistent' })).rejects.toThrow()
    const notAModel = new URL(import.meta.url).pathname
    await expect(createSpeechRecogniser({ languagePath: notAModel })).rejects.toThrow()
    await expect(createSpeechRecogniser({ modelPath: notAModel })).rejects.toThrow()
  })
})
