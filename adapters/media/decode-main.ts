/** The entry of the decoding thread: takes recordings one by one, answers with sound or with what is wrong. */
import { parentPort } from 'node:worker_threads'
import type { DecodeAnswer, DecodeJob } from './decode-messages.ts'
import { decodeRecording } from './decode-recording.ts'
import { AudioFault } from './sound.ts'

// The decoders report every damaged packet on the console, which is not the place for it.
for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) console[name] = () => {}

parentPort?.on('message', (job: DecodeJob) => {
  void answer(job).then((message) => {
    parentPort?.postMessage(message, message.kind === 'decoded' ? [message.wav.buffer] : [])
  })
})

async function answer(job: DecodeJob): Promise<DecodeAnswer> {
  try {
    return { kind: 'decoded', ...(await decodeRecording(job.bytes, { secondsMax: job.secondsMax })) }
  } catch (error) {
    if (error instanceof AudioFault) return { kind: 'fault', message: error.message }
    return { kind: 'fault', message: 'The recording is damaged: the decoder failed on it.' }
  }
}
