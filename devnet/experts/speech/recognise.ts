/**
 * The speech expert: mono 16 kHz samples in, English words out, in a closed vocabulary of about a thousand
 * words. It is trained on synthetic voices; MODEL_CARD.md says what to expect of it.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BeamOptions, DEFAULT_BEAM } from './beam.ts'
import { SAMPLE_RATE_HZ } from './features.ts'
import { readLanguage } from './language.ts'
import { listenToChunk } from './listen.ts'
import { loadNetwork } from './network.ts'
import { cutAtPauses } from './pauses.ts'
import { type SecondListener, withSecondOpinion } from './second-opinion.ts'
import { groupSegments, meanConfidence, type RecognisedWord, type SpeechSegment } from './segments.ts'

export interface SpeechRecogniser {
  /**
   * Works through the recording in chunks of at most 20 s, so memory beyond the samples stays bounded, and lets others
   * have the event loop in between. The longest time without is the finding of the pauses at the start, 0.1 s for a
   * recording of 30 minutes, and else the features of a chunk, about 0.05 s.
   *
   * @param samples - mono, 16 kHz, -1 to 1
   * @returns an empty text where nobody speaks
   * @throws the signal's reason when it is aborted
   */
  recognise(samples: Float32Array, options?: { signal?: AbortSignal }): Promise<Transcript>
  /** Frees the network. */
  close(): Promise<void>
}

export interface Transcript {
  readonly text: string
  /** 0 to 1, of the words by their length; 0 when there are none. Good for "please repeat", no proof. */
  readonly confidence: number
  readonly durationSeconds: number
  readonly words: readonly RecognisedWord[]
  readonly segments: readonly SpeechSegment[]
}

export interface SpeechRecogniserOptions {
  /** Where `model.onnx` and `lang.json` are, unless their paths are given. Default: beside this file. */
  readonly modelsDirectory?: string
  readonly modelPath?: string
  readonly languagePath?: string
  /** Asked for words where our own confidence is low; see second-opinion.ts for the rule. */
  readonly secondListener?: SecondListener
  /** For experiments; the default is what was evaluated. */
  readonly beam?: BeamOptions
}

/** @throws Error when a model file is missing or they do not fit each other */
export async function createSpeechRecogniser(
  options: SpeechRecogniserOptions = {},
): Promise<SpeechRecogniser> {
  const directory = options.modelsDirectory ?? fileURLToPath(new URL('.', import.meta.url))
  const language = await readLanguage(options.languagePath ?? join(directory, 'lang.json'))
  const network = await loadNetwork(options.modelPath ?? join(directory, 'model.onnx'), language.units)
  const ear = { language, network, beam: options.beam ?? DEFAULT_BEAM }
  const knows = new Set(language.words)
  return {
    async recognise(samples, { signal } = {}) {
      const words: RecognisedWord[] = []
      for (const { start, end } of cutAtPauses(samples)) {
        const chunk = samples.slice(start, end).map(finite)
        const own = await listenToChunk(ear, chunk, signal)
        const heard = await withSecondOpinion(own, { listener: options.secondListener, chunk, knows, signal })
        words.push(...heard.map((word) => later(word, start / SAMPLE_RATE_HZ)))
      }
      return {
        text: words.map(({ word }) => word).join(' '),
        confidence: meanConfidence(words),
        durationSeconds: samples.length / SAMPLE_RATE_HZ,
        words,
        segments: groupSegments(words),
      }
    },
    close: () => network.close(),
  }
}

/** A broken sample would spoil all sums it is in. */
const finite = (sample: number) => (Number.isFinite(sample) ? sample : 0)

function later(word: RecognisedWord, seconds: number): RecognisedWord {
  return {
    ...word,
    startSeconds: word.startSeconds + seconds,
    endSeconds: word.endSeconds + seconds,
  }
}
