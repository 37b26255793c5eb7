/** The acoustic network: log-mel features in, phone log-probabilities out, on one thread. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { PhoneScores } from './beam.ts'
import { BANDS, type Features } from './features.ts'

export interface AcousticNetwork {
  /** @param features - with their level normalised; every third frame becomes a step */
  score(features: Features): Promise<PhoneScores>
  /** Frees the network's memory; it cannot be used after that. */
  close(): Promise<void>
}

/**
 * @param path - of the ONNX file that `training/export.py` writes
 * @param units - phones of the language and the blank; the network must have as many
 * @throws Error when the file is missing, is no network, or has another number of units
 */
export async function loadNetwork(path: string, units: number): Promise<AcousticNetwork> {
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  })
  return {
    async score({ data, frames }) {
      const features = new Tensor('float32', data, [1, BANDS, frames])
      const { logprobs } = await session.run({ features })
      const [, steps, width] = logprobs?.dims ?? []
      if (!(logprobs?.data instanceof Float32Array) || steps === undefined || width !== units)
        throw new Error('The speech network does not fit the language file.')
      return { data: logprobs.data, steps, units }
    },
    close: () => session.release(),
  }
}
