// Reads printed text with Tesseract, offline: core and language data come from installed packages.
import { createWorker, PSM, type Rectangle, type Worker } from 'tesseract.js'
import type { TextLineBox } from './find-text-lines.ts'

export interface ReadText {
  /** Lines from top to bottom, as printed; empty when there is none. */
  readonly text: string
  /** Mean certainty of the words, 0 to 1; 0 without text. */
  readonly confidence: number
}

export interface TextPicture {
  /** Encoded, grey. */
  readonly png: Uint8Array
  /** Pixels of it. */
  readonly width: number
  readonly height: number
  /** Where single lines may be, for pictures that are no page. */
  readonly lines: readonly TextLineBox[]
}

export interface TextReader {
  /**
   * Reads an encoded picture. One at a time; further ones wait.
   *
   * @returns null when the time was up before the text was read
   * @throws the signal's reason when it fires, Error when too many wait
   */
  read(picture: TextPicture, signal?: AbortSignal): Promise<ReadText | null>
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
/** Letters are easily seen in anything where no page is. */
const LONE_LINE_CONFIDENCE_MIN = 88
/** Two or three letters are easily seen anywhere. */
const SHORT_LINE_LETTERS = 4
const SHORT_LINE_CONFIDENCE_MIN = 94
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

  async function readNow(picture: TextPicture, signal: AbortSignal | undefined): Promise<ReadText | null> {
    const timeout = AbortSignal.timeout(timeoutMs)
    const either = AbortSignal.any([timeout, closing.signal, ...(signal ? [signal] : [])])
    either.throwIfAborted()
    worker ??= startWorker(dataPath)
    try {
      const reading = worker.then((running) => readPicture(running, picture, either))
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
 * Reads as a page of columns and as one block. The page's order is right more often, but it loses lines beside shadows;
 * so the block is taken when it holds clearly more. Where both find nothing, the likely lines are read one by one.
 */
async function readPicture(worker: Worker, picture: TextPicture, signal: AbortSignal): Promise<ReadText> {
  const png = Buffer.from(picture.png)
  const readAs = async (mode: PSM, rectangle?: Rectangle) => {
    signal.throwIfAborted()
    // Tesseract's remarks about a picture would go to our standard error.
    await worker.setParameters({ tessedit_pageseg_mode: mode, debug_file: '/dev/null' })
    signal.throwIfAborted()
    const part = rectangle ? { rectangle } : {}
    const { data } = await worker.recognize(png, part, { text: false, blocks: true })
    return (data.blocks ?? []) satisfies readonly Block[]
  }
  const page = keepText(await readAs(PSM.AUTO))
  const block = keepText(await readAs(PSM.SINGLE_BLOCK))
  const best = lettersIn(block.text) > lettersIn(page.text) * BLOCK_ADVANTAGE ? block : page
  if (best.text !== '') return best
  const lines: Block[] = []
  for (const line of [...picture.lines].sort((first, second) => first.y - second.y || first.x - second.x)) {
    const found = await readAs(PSM.SINGLE_LINE, rectangleOf(line, picture))
    lines.push(...found)
  }
  return keepText(lines, LONE_LINE_CONFIDENCE_MIN)
}

const rectangleOf = (box: TextLineBox, { width, height }: TextPicture): Rectangle => ({
  left: Math.floor(box.x * width),
  top: Math.floor(box.y * height),
  width: Math.floor(box.width * width),
  height: Math.floor(box.height * height),
})

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
export function keepText(blocks: readonly Block[], confidenceMin = LINE_CONFIDENCE_MIN): ReadText {
  const lines = blocks
    .flatMap((block) => block.paragraphs)
    .flatMap((paragraph) => paragraph.lines)
    .map((line) => withoutFrame(line.words))
    .filter((words) => isText(words, confidenceMin))
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

function isText(words: readonly Word[], confidenceMin: number): boolean {
  const characters = words.map((word) => word.text).join('')
  const letters = lettersIn(characters)
  const confidence = words.reduce((sum, word) => sum + word.confidence, 0) / Math.max(1, words.length)
  const needed = letters < SHORT_LINE_LETTERS ? SHORT_LINE_CONFIDENCE_MIN : confidenceMin
  return letters >= 2 && letters / characters.length >= LETTER_SHARE_MIN && confidence >= needed
}
