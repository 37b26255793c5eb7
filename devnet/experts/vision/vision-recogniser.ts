// Says what is on a picture: printed text, things, place, colours.
import { DEFAULT_LIMITS, type DecodedPicture, decodePicture, type PictureLimits } from './decode-picture.ts'
import { findTextLines } from './find-text-lines.ts'
import { nameColours } from './name-colours.ts'
import { type Guess, isTextured, type Look, loadNetwork, type Network, thresholdFor } from './network.ts'
import type { PhotographDetector } from './photograph-detector.ts'
import { createTextReader, type TextReader } from './read-text.ts'
import { groupLabels, type Recognition } from './recognition.ts'

export interface RecogniseOptions {
  readonly signal?: AbortSignal
  /** Whether to read printed text; yes unless false. */
  readonly withText?: boolean
}

export interface VisionRecogniser {
  /** Label names the network knows. */
  readonly labels: readonly string[]
  /**
   * Looks at the first frame of an encoded picture.
   *
   * @throws UndecodablePictureError for bytes that are no picture, broken or too large; the signal's reason when it fires
   */
  recognise(picture: Uint8Array, options?: RecogniseOptions): Promise<Recognition>
  /** Ends the text reader and frees the network. */
  close(): Promise<void>
}

export interface VisionRecogniserOptions {
  /** `model.onnx` */
  readonly modelPath: string
  /** `model.json`: labels, calibration and threshold of that model. */
  readonly vocabularyPath: string
  /** Folder of `eng.traineddata.gz`. */
  readonly tesseractDataPath: string
  /** The add-on for photographs (`loadPhotographDetector`); null when it is not installed. */
  readonly photographs?: PhotographDetector | null
  readonly limits?: Partial<PictureLimits>
  /** For reading the text of one picture; 30 s by default. */
  readonly textTimeoutMs?: number
}

/** Pictures that may wait for the one text reader. */
const TEXTS_WAITING_MAX = 16
/** Places, times and weathers less likely than this are not told. */
const SCENE_SCORE_MIN = 0.5
/** The place that stands for "none of the composer's". */
const NO_PLACE = 'none'

/** Loads the network; the text reader starts with the first picture. */
export async function createVisionRecogniser(options: VisionRecogniserOptions): Promise<VisionRecogniser> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const network = await loadNetwork(options)
  const textReader = createTextReader({
    dataPath: options.tesseractDataPath,
    timeoutMs: options.textTimeoutMs ?? 30_000,
    waitingMax: TEXTS_WAITING_MAX,
  })
  return {
    labels: network.description.labels,
    async recognise(picture, { signal, withText = true } = {}) {
      signal?.throwIfAborted()
      const decoded = await decodePicture(picture, limits)
      signal?.throwIfAborted()
      const found = await findLabels(decoded, network, options.photographs ?? null)
      signal?.throwIfAborted()
      const text = withText ? await readText(decoded, textReader, signal) : NO_TEXT
      const { width, height, format } = decoded
      return { width, height, format, ...text, ...found, colours: nameColours(decoded.pixels) }
    },
    async close() {
      await Promise.all([textReader.close(), network.close(), options.photographs?.close()])
    },
  }
}

type FoundText = Pick<Recognition, 'text' | 'textConfidence' | 'isTextRead'>

const NO_TEXT: FoundText = { text: '', textConfidence: 0, isTextRead: true }

async function readText(
  decoded: DecodedPicture,
  reader: TextReader,
  signal: AbortSignal | undefined,
): Promise<FoundText> {
  const read = await reader.read(
    { ...(await decoded.readGreyPng()), lines: findTextLines(decoded.pixels) },
    signal,
  )
  if (read === null) return { ...NO_TEXT, isTextRead: false }
  return { text: read.text, textConfidence: Math.round(read.confidence * 1000) / 1000, isTextRead: true }
}

const NO_SCENE = { place: null, time: null, weather: null }

type Found = Pick<Recognition, 'labels' | 'place' | 'time' | 'weather' | 'source'>

/** Our network decides; what shows none of its drawings and no place of theirs may be a photograph. */
async function findLabels(
  { pixels }: DecodedPicture,
  network: Network,
  photographs: PhotographDetector | null,
): Promise<Found> {
  const look = await network.look(pixels)
  const labels = groupLabels(look.candidates, thresholdFor(look, network.description))
  const scene = isTextured(look, network.description) ? NO_SCENE : tellScene(look)
  if (photographs !== null && labels.length === 0 && scene.place === null) {
    const seen = groupLabels(await photographs.detect(pixels), photographs.threshold)
    if (seen.length > 0) return { labels: seen, ...NO_SCENE, source: 'photographs' }
  }
  return { labels, ...scene, source: 'drawings' }
}

/** Time and weather are told of a place only: without one they would be read from any dark or grey picture. */
function tellScene({ place, time, weather }: Look): Pick<Recognition, 'place' | 'time' | 'weather'> {
  if (place.name === NO_PLACE || place.score < SCENE_SCORE_MIN) return NO_SCENE
  return { place: rounded(place), time: likely(time), weather: likely(weather) }
}

const rounded = ({ name, score }: Guess): Guess => ({ name, score: Math.round(score * 1000) / 1000 })
const likely = (guess: Guess): Guess | null => (guess.score < SCENE_SCORE_MIN ? null : rounded(guess))
