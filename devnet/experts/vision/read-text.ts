// Reads printed text with Tesseract, offline: core and language data come from installed packages.
import { createWorker, PSM, type Worker } from 'tesseract.js'

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
   * @returns null when the time was up before the text was read
   * @throws the signal's reason when it fires, Error when too many wait
   */
  read(picture: Uint8Array, signal?: AbortSignal): Promise<ReadText | null>
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

/** The block reading must find this many times the letters of the page reading. */
const BLOCK_ADVANTAGE = 1.15
/** A line is kept from this mean certainty of its words (0 to 100): below, it is mostly texture read as letters. */
const LINE_CONFIDENCE_MIN = 70
/** Two or three letters are easily seen in anything. */
const SHORT_LINE_LETTERS = 4
const SHORT_LINE_CONFIDENCE_MIN = 88
/** Of a kept line's characters, without spaces, at least this share are letters or digits. */
const LETTER_SHARE_MIN = 0.6

/** A reader that starts its worker with the first picture. */
export function createTextReader({ dataPath, timeoutMs, waitingMax }: TextReaderOptions): TextReader {
  let worker: Promise<Worker> | null = null
  let tail: Promise<unknown> = Promise.resolve()
  let waiting = 0
  const closing = new AbortController()

  const stopWorker = async () => {
    const stopping = worker
    worker = null
    // What was just asked of the worker is sent in this turn of the loop; Tesseract fails unheard when it is gone by then.
    await new Promise((resolve) => setImmediate(resolve))
    // A worker that never started has nothing to end.
    await stopping?.then((running) => running.terminate()).catch(() => undefined)
  }

  async function readNow(picture: Uint8Array, signal: AbortSignal | undefined): Promise<ReadText | null> {
    const timeout = AbortSignal.timeout(timeoutMs)
    const either = AbortSignal.any([timeout, closing.signal, ...(signal ? [signal] : [])])
    either.throwIfAborted()
    worker ??= startWorker(dataPath)
    try {
      const reading = worker.then((running) => readPicture(running, Buffer.from(picture), either))
      return await orAborted(reading, either)
    } catch (error) {
      // Tesseract cannot be interrupted, and a worker that failed is not to be trusted: the next reading starts anew.
      await stopWorker()
      if (error === timeout.reason) return null
      throw error
    }
  }

  return {
    async read(picture, signal) {
      if (waiting >= waitingMax)
        throw new Error(`More than ${waitingMax} pictures wait for their text to be read.`)
      waiting++
      const previous = tail
      const turn = previous.then(() => readNow(picture, signal))
      tail = turn.catch(() => undefined)
      return turn.finally(() => {
        waiting--
      })
    },
    async close() {
      closing.abort(new Error('The text reader is closed.'))
      await tail
      await stopWorker()
    },
  }
}

/**
 * Reads as a page of columns and as one block. The page's order is right more often, but it loses short signs and
 * lines beside shadows; so the block is taken when it holds clearly more.
 */
async function readPicture(worker: Worker, picture: Buffer, signal: AbortSignal): Promise<ReadText> {
  const readAs = async (mode: PSM) => {
    // Tesseract's remarks about a picture would go to our standard error.
    signal.throwIfAborted()
    await worker.setParameters({ tessedit_pageseg_mode: mode, debug_file: '/dev/null' })
    signal.throwIfAborted()
    const { data } = await worker.recognize(picture, {}, { text: false, blocks: true })
    return keepText(data.blocks ?? [])
  }
  const page = await readAs(PSM.AUTO)
  const block = await readAs(PSM.SINGLE_BLOCK)
  return lettersIn(block.text) > lettersIn(page.text) * BLOCK_ADVANTAGE ? block : page
}

const lettersIn = (text: string) => text.match(/[\p{Letter}\p{Number}]/gu)?.length ?? 0

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
    .map((line) => withoutFrame(line.words))
    .filter(isText)
  const words = lines.flat()
  const sum = words.reduce((total, word) => total + word.confidence, 0)
  const text = lines.map((line) => line.map((word) => word.text).join(' ')).join('\n')
  return { text, confidence: words.length === 0 ? 0 : sum / words.length / 100 }
}

/** The words without the strokes at both ends that a frame or an edge is read as. */
function withoutFrame(words: readonly Word[]): readonly Word[] {
  const isStroke = (word: Word | undefined) => word !== undefined && /^[|_~—‘’\\[\]{}=]+$/.test(word.text)
  let [start, end] = [0, words.length]
  while (start < end && isStroke(words[start])) start++
  while (end > start && isStroke(words[end - 1])) end--
  return words.slice(start, end)
}

function isText(words: readonly Word[]): boolean {
  const characters = words.map((word) => word.text).join('')
  const letters = lettersIn(characters)
  const confidence = words.reduce((sum, word) => sum + word.confidence, 0) / Math.max(1, words.length)
  const needed = letters < SHORT_LINE_LETTERS ? SHORT_LINE_CONFIDENCE_MIN : LINE_CONFIDENCE_MIN
  return letters >= 2 && letters / characters.length >= LETTER_SHARE_MIN && confidence >= needed
}
