/** Recordings and pictures: known by content, decoded off the event loop, bounded while decoding. */
import { GatewayError } from '../../src/errors.ts'
import type { Media } from '../../src/ports/media.ts'
import { DecodePool } from './decode-pool.ts'
import { Gate } from './gate.ts'
import { decodeImage } from './inspect-image.ts'

export type MediaOptions = {
  /** The file of the decoding thread: `decode-main.ts`, or what it is bundled to. */
  readonly decodeEntry: URL
  /** Node's flags for that thread. */
  readonly decodeExecArgv?: readonly string[]
  /** Decoded seconds of one recording; 1,800 keeps one below 60 MB and a transcript readable. */
  readonly secondsMax?: number
  readonly workersMax?: number
  readonly queueMax?: number
  /** Of decoding a picture or a small recording; a larger one has more (`TIMEOUT_MS_PER_MB`). */
  readonly timeoutMs?: number
  readonly heapMb?: number
  /** Width times height of a picture; phones make 12 to 50 million. */
  readonly pixelsMax?: number
}

/** Decoding a megabyte of Opus or AAC takes 0.7 to 1 s of a slow core, which others may want at the same time. */
const TIMEOUT_MS_PER_MB = 6_000

export function createMedia(options: MediaOptions): Media {
  const {
    secondsMax = 1800,
    workersMax = 2,
    queueMax = 32,
    timeoutMs = 20_000,
    pixelsMax = 40_000_000,
  } = options
  const pool = new DecodePool({
    entry: options.decodeEntry,
    execArgv: options.decodeExecArgv ?? [],
    workersMax,
    queueMax,
    timeoutMs,
    timeoutMsPerMb: TIMEOUT_MS_PER_MB,
    heapMb: options.heapMb ?? 256,
  })
  // A decoder of pictures runs in libuv's threads, which files and DNS need too: two at once are enough.
  const gate = new Gate({ openMax: workersMax, queueMax })
  return {
    async decodeAudio(bytes, { signal }) {
      const answer = await pool.run({ bytes, secondsMax }, signal)
      if (answer.kind === 'fault') throw new GatewayError('invalid_audio', answer.message)
      return { wav: answer.wav, durationSeconds: answer.durationSeconds, container: answer.container }
    },
    inspectImage: (bytes, { signal }) =>
      gate.pass(() => decodeImage(bytes, { pixelsMax, timeoutMs }), signal),
    async close() {
      gate.close()
      await pool.close()
    },
  }
}
