import { describe, expect, test } from 'vitest'
import { logMel } from '../../../../devnet/experts/speech/features.ts'
import { soundsLikeSpeech } from '../../../../devnet/experts/speech/presence.ts'
import { readFixture } from './fixtures.ts'
import { beeps, hum, seededRandom, silence, siren, sweep, tone, whiteNoise, within } from './sounds.ts'

const speech = ['slt-elephant', 'awb-train', 'ked-boats']

describe('telling speech from other sounds', () => {
  test.each(speech)('takes %s for speech, softly, loudly and in noise', (name) => {
    const { samples } = readFixture(name)
    const random = seededRandom(1)
    const root = Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length)
    // Uniform noise of this width is 15 dB below the speech.
    const noisy = samples.map((v) => v + root * 0.178 * Math.sqrt(12) * (random() - 0.5))
    for (const sound of [samples, samples.map((v) => v / 50), noisy])
      expect(soundsLikeSpeech(logMel(sound))).toBe(true)
  })

  test.each<[string, Float32Array]>([
    ['silence', silence()],
    ['white noise', whiteNoise()],
    ['mains hum', hum()],
    ['a sweep', sweep()],
    ['a downward sweep', sweep(6_000, 200)],
    ['beeps', beeps()],
    ['a siren', siren()],
    ...[60, 100, 150, 440, 1_000, 3_000, 6_000].map((hz): [string, Float32Array] => [
      `a tone of ${hz} Hz`,
      tone(hz),
    ]),
  ])('does not take %s for speech, alone or within silence', (_, sound) => {
    expect(soundsLikeSpeech(logMel(sound))).toBe(false)
    expect(soundsLikeSpeech(logMel(within(sound, 0.25)))).toBe(false)
  })

  test('does not take a click or less than a tenth of a second for speech', () => {
    const click = silence(1)
    click[8_000] = 1
    expect(soundsLikeSpeech(logMel(click))).toBe(false)
    expect(soundsLikeSpeech(logMel(tone(440, 0.1)))).toBe(false)
    expect(soundsLikeSpeech(logMel(new Float32Array(0)))).toBe(false)
  })
})
