/** A speech expert as a service: WAV in, OpenAI's `verbose_json` out. */
import type { SpeechExpert } from './experts.ts'
import type { SpeechService } from './service.ts'
import { readWav, WAV_RATE_HZ } from './wav.ts'

/** @param expert - asked for on the first request */
export function createExpertSpeech(expert: () => Promise<SpeechExpert>): SpeechService {
  return {
    async transcribe(request, signal) {
      const samples = readWav(request.file)
      const { text, words, segments } = await (await expert()).listen(samples, signal)
      return JSON.stringify({
        task: 'transcribe',
        language: 'english',
        duration: samples.length / WAV_RATE_HZ,
        text,
        words: words.map(({ word, startSeconds: start, endSeconds: end, confidence }) => {
          return { word, start, end, confidence }
        }),
        segments: segments.map(({ text: spoken, startSeconds: start, endSeconds: end, confidence }, id) => {
          return { id, seek: 0, start, end, text: spoken, tokens: [], temperature: 0, confidence }
        }),
      })
    },
  }
}
