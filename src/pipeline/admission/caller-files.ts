/** Looks at the files that a definition names, before anything is held: that they are there, whose they are, and what is in them. */
import { GatewayError } from '../../errors.ts'
import { readDataUrl } from '../../inference/data-url.ts'
import type { InspectedImage, Media } from '../../ports/media.ts'
import type { StoredFile } from '../../ports/store.ts'
import { invalid } from '../language/invalid.ts'

/** Stored files of accounts. `get`, `read` and `remove` answer `not_found` for another account's file as for none. */
export interface PipelineFiles {
  put(
    accountId: string,
    file: {
      readonly bytes: Uint8Array
      readonly mime: string
      readonly width?: number
      readonly height?: number
    },
  ): Promise<StoredFile>
  get(fileId: string, accountId: string): Promise<StoredFile>
  read(fileId: string, accountId: string): Promise<{ readonly file: StoredFile; readonly bytes: Uint8Array }>
  remove(fileId: string, accountId: string): Promise<void>
  urlOf(file: StoredFile, host: string | undefined): string
}

export type CallerFilesOptions = {
  readonly files: PipelineFiles
  readonly media: Media
  readonly accountId: string
  readonly signal: AbortSignal
}

/** Files that one definition may name. Each is decoded once. */
const FILES_MAX = 64

/** One definition's look at files. Keeps what was learned, never the bytes. */
export class CallerFiles {
  readonly #options: CallerFilesOptions
  readonly #known = new Set<string>()
  readonly #secondsByFile = new Map<string, number>()
  readonly #pictureByFile = new Map<string, InspectedImage>()

  constructor(options: CallerFilesOptions) {
    this.#options = options
  }

  /** @throws GatewayError `not_found` · `invalid_request` more than 64 files */
  async check(fileId: string, param: string): Promise<void> {
    if (this.#known.has(fileId)) return
    if (this.#known.size >= FILES_MAX) throw invalid(param, `a run can name at most ${FILES_MAX} files`)
    await this.#options.files.get(fileId, this.#options.accountId).catch((thrown) => atParam(thrown, param))
    this.#known.add(fileId)
  }

  /** Seconds of decoded sound. @throws GatewayError `not_found` · `invalid_audio` */
  async measureRecording(fileId: string, param: string): Promise<number> {
    await this.check(fileId, param)
    const known = this.#secondsByFile.get(fileId)
    if (known !== undefined) return known
    const { media, signal } = this.#options
    try {
      const { durationSeconds } = await media.decodeAudio(await this.#read(fileId), { signal })
      this.#secondsByFile.set(fileId, durationSeconds)
      return durationSeconds
    } catch (thrown) {
      return atParam(thrown, param)
    }
  }

  /** @throws GatewayError `not_found` · `invalid_image` */
  async inspectPicture(fileId: string, param: string): Promise<InspectedImage> {
    await this.check(fileId, param)
    const known = this.#pictureByFile.get(fileId)
    if (known) return known
    try {
      const picture = await this.#inspect(await this.#read(fileId))
      this.#pictureByFile.set(fileId, picture)
      return picture
    } catch (thrown) {
      return atParam(thrown, param)
    }
  }

  /** A picture that is in the definition itself. @throws GatewayError `invalid_request`, `invalid_image` */
  async inspectDataUrl(url: string, param: string): Promise<InspectedImage> {
    try {
      return await this.#inspect(readDataUrl(url, param))
    } catch (thrown) {
      return atParam(thrown, param)
    }
  }

  #inspect(bytes: Uint8Array): Promise<InspectedImage> {
    return this.#options.media.inspectImage(bytes, { signal: this.#options.signal })
  }

  async #read(fileId: string): Promise<Uint8Array> {
    const { bytes } = await this.#options.files.read(fileId, this.#options.accountId)
    return bytes
  }
}

/** Names the field in what a port says about a file. */
export function atParam(thrown: unknown, param: string): never {
  const error = GatewayError.from(thrown)
  if (error.spec.blame !== 'caller' || error.param !== null) throw error
  throw new GatewayError(error.code, error.message, { param, cause: error })
}
