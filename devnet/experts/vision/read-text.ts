// Reads printed text with Tesseract, offline: core and language data come from installed packages.
import { createWorker, type Worker } from 'tesseract.js'

export interface ReadText {
  /** Lines from top to bottom, as printed; empty when there is none. */
  readonly text: string
  /** Mean certainty of the words, 0 to 1; 0 without text. */
  readonly confidence: number
}

export interface TextReader {
  /**
   * Reads an encoded picture. One at a time; further ones wait.
   *
   * @throws the signal's reason when it fires, Error when the time is up or too many wait
   */
  read(picture: Uint8Array, signal?: AbortSignal): Promise<ReadText>
  /** Ends the worker; waiting readings fail. */
  close(): Promise<void>
}

export interface TextReaderOptions {
  /** Folder that holds `eng.traineddata.gz` (4.0.0_best_int of @tesseract.js-data/eng). */
  readonly dataPath: string
  /** For one reading, the start of the worker included. */
  readonly timeoutMs: number
  readonly waitingMax: number
}

/** A line is kept from this mean certainty of its words (0 to 100): below, it is mostly texture read as letters. */
const LINE_CONFIDENCE_MIN = 70
/** Of a kept line's characters, without spaces, at least this share are letters or digits. */
const LETTER_SHARE_MIN = 0.6

/** A reader that starts its worker with the first picture. */
export function createTextReader({ dataPath, timeoutMs, waitingMax }: TextReaderOptions): TextReader {
  let worker: Promise<Worker> | null = null
  let tail: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let isClosed = false

  const stopWorker = async () => {
    const stopping = worker
    worker = null
    // A worker that never started has nothing to end.
    await stopping?.then((running) => running.terminate()).catch(() => undefined)
  }

  async function readNow(picture: Uint8Array, signal: AbortSignal): Promise<ReadText> {
    signal.throwIfAborted()
    if (isClosed) throw new Error('The text reader is closed.')
    worker ??= startWorker(dataPath)
    const reading = worker.then(async (running) => {
      const { data } = await running.recognize(Buffer.from(picture), {}, { text: false, blocks: true })
      return keepText(data.blocks ?? [])
    })
    try {
      return await orAborted(reading, signal)
    } catch (error) {
      // Tesseract cannot be interrupted, and a worker that failed is not to be trusted: the next reading starts anew.
      await stopWorker()
      throw error
    }
  }

  return {
    async read(picture, signal) {
      if (waiting >= waitingMax)
        throw new Error(`More than ${waitingMax} pictures wait for their text to be read.`)
      waiting++
      const previous = tail
      const turn = previous.then(() => {
        const timeout = AbortSignal.timeout(timeoutMs)
        return readNow(picture, signal ? AbortSignal.any([signal, timeout]) : timeout)
      })
      tail = turn.catch(() => undefined)
      return turn.finally(() => {
        waiting--
      })
    },
    async close() {
      isClosed = true
      await stopWorker()
    },
  }
}

/** `1` is Tesseract's LSTM engine, the only one the data holds. */
function startWorker(dataPath: string): Promise<Worker> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(new Error('Tesseract does not start.', { cause: error }))
    createWorker('eng', 1, { langPath: dataPath, cacheMethod: 'none', gzip: true, errorHandler: fail }).then(
      resolve,
      fail,
    )
  })
}

/** The promise, or the signal's reason when that comes first. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

interface Word {
  readonly text: string
  readonly confidence: number
}

interface Block {
  readonly paragraphs: readonly { readonly lines: readonly { readonly words: readonly Word[] }[] }[]
}

/** The lines that are text, and how certain their words are. */
export function keepText(blocks: readonly Block[]): ReadText {
  const lines = blocks
    .flatMap((block) => block.paragraphs)
    .flatMap((paragraph) => paragraph.lines)
    .map((line) => line.words)
    .filter(isText)
  const words = lines.flat()
  const sum = words.reduce((total, word) => total + word.confidence, 0)
  const text = lines.map((line) => line.map((word) => word.text).join(' ')).join('\n')
  return { text, confidence: words.length === 0 ? 0 : sum / words.length / 100 }
}

function isText(words: readonly Word[]): boolean {
  const characters = words.map((word) => word.text).join('')
  const letters = characters.match(/[\p{Letter}\p{Number}]/gu)?.length ?? 0
  const confidence = words.reduce((sum, word) => sum + word.confidence, 0) / Math.max(1, words.length)
  return letters >= 2 && letters / characters.length >= LETTER_SHARE_MIN && confidence >= LINE_CONFIDENCE_MIN
}
