/** The devnet's experts behind the miners' interfaces. Each is loaded when it is first asked for, once. */
import { join } from 'node:path'
import type { ChatExpert, ImageExpert, SpeechExpert, VisionExpert } from './experts.ts'
import { ServiceFailure } from './service.ts'

/** Where the experts' files are: they stay where they are when the code is bundled. */
export type ExpertAssets = {
  /** `devnet/experts`: weights, vocabulary, drawings. */
  readonly expertsDirectory: string
  /** The rendering process's file, and Node's arguments before it. */
  readonly rendererPath: string
  readonly rendererExecArgv: readonly string[]
  /** Folder of `eng.traineddata.gz`. */
  readonly tesseractDataPath: string
}

export interface Experts {
  text(): Promise<ChatExpert>
  speech(): Promise<SpeechExpert>
  vision(): Promise<VisionExpert>
  image(): Promise<ImageExpert>
  /** Frees what was loaded. */
  close(): Promise<void>
}

type Loaded<Expert> = Expert & { close(): Promise<void> }

/** Nothing is read before the first call. A load that failed is tried again by the next call. */
export function createExperts(assets: ExpertAssets): Experts {
  const text = once(() => loadText(assets))
  const speech = once(() => loadSpeech(assets))
  const vision = once(() => loadVision(assets))
  const image = once(() => loadImage(assets))
  return {
    text: text.get,
    speech: speech.get,
    vision: vision.get,
    image: image.get,
    async close() {
      await Promise.all([text.close(), speech.close(), vision.close(), image.close()])
    },
  }
}

function once<Expert>(load: () => Promise<Loaded<Expert>>) {
  let loading: Promise<Loaded<Expert>> | null = null
  return {
    get(): Promise<Loaded<Expert>> {
      loading ??= load().catch((error: unknown) => {
        loading = null
        throw error
      })
      return loading
    },
    async close(): Promise<void> {
      const loaded = await loading?.catch(() => null) // What did not load needs no closing.
      await loaded?.close()
    },
  }
}

async function loadText({ expertsDirectory }: ExpertAssets): Promise<Loaded<ChatExpert>> {
  const { createTextExpert } = await import('../experts/text/text-expert.ts')
  const expert = createTextExpert({ vocabularyPath: join(expertsDirectory, 'image', 'vocabulary.tsv') })
  return {
    answer: (request, signal) => expert.stream(request, { signal }),
    close: async () => {}, // It holds nothing but memory.
  }
}

async function loadSpeech({ expertsDirectory }: ExpertAssets): Promise<Loaded<SpeechExpert>> {
  const { createSpeechRecogniser } = await import('../experts/speech/recognise.ts')
  const { findPocketsphinx } = await import('../experts/speech/pocketsphinx.ts')
  const secondListener = await findPocketsphinx()
  const recogniser = await createSpeechRecogniser({
    modelsDirectory: join(expertsDirectory, 'speech'),
    ...(secondListener === null ? {} : { secondListener }),
  })
  return {
    listen: (samples, signal) => recogniser.recognise(samples, { signal }),
    close: () => recogniser.close(),
  }
}

async function loadVision({
  expertsDirectory,
  tesseractDataPath,
}: ExpertAssets): Promise<Loaded<VisionExpert>> {
  const { createVisionRecogniser } = await import('../experts/vision/vision-recogniser.ts')
  const { describeRecognition } = await import('../experts/vision/describe.ts')
  const { loadPhotographDetector } = await import('../experts/vision/coco.ts')
  const { UndecodablePictureError } = await import('../experts/vision/errors.ts')
  const recogniser = await createVisionRecogniser({
    modelPath: join(expertsDirectory, 'vision', 'model.onnx'),
    vocabularyPath: join(expertsDirectory, 'vision', 'model.json'),
    tesseractDataPath,
    photographs: await loadPhotographDetector(expertsDirectory),
  })
  return {
    async look(picture, signal) {
      const seen = await recogniser.recognise(picture, { signal }).catch((error: unknown) => {
        if (error instanceof UndecodablePictureError) throw new ServiceFailure(400, error.message)
        throw error
      })
      return {
        description: describeRecognition(seen, recogniser.labels.length),
        text: seen.text,
        labels: seen.labels.map(({ name, score, count, boxes: [box] }) => {
          return { name, score, count, box: box ? ([box.x, box.y, box.width, box.height] as const) : null }
        }),
        place: seen.place?.name ?? null,
        colours: seen.colours,
        width: seen.width,
        height: seen.height,
      }
    },
    close: () => recogniser.close(),
  }
}

/** Statuses of the composer's faults. */
const COMPOSER_STATUS = { invalid: 400, busy: 429, 'too-slow': 504, crashed: 500, closed: 503 } as const

const QUALITY = 90

async function loadImage(assets: ExpertAssets): Promise<Loaded<ImageExpert>> {
  const { createImageComposer } = await import('../experts/image/image-composer.ts')
  const { encodePicture } = await import('../experts/image/encode-picture.ts')
  const { ImageComposerError } = await import('../experts/image/errors.ts')
  const file = (name: string) => join(assets.expertsDirectory, 'image', name)
  const composer = createImageComposer({
    vocabularyPath: file('vocabulary.tsv'),
    iconsPath: file('noto-icons.json'),
    fontPath: file('lato-bold.ttf'),
    rendererPath: assets.rendererPath,
    rendererExecArgv: assets.rendererExecArgv,
  })
  return {
    async paint({ format, ...request }, signal) {
      const { png, description } = await composer.compose({ ...request, signal }).catch((error: unknown) => {
        if (!(error instanceof ImageComposerError)) throw error
        throw new ServiceFailure(COMPOSER_STATUS[error.fault], error.message, { cause: error })
      })
      return { bytes: format === 'png' ? png : await encodePicture(png, format, QUALITY), description }
    },
    close: () => composer.close(),
  }
}
