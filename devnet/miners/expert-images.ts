/** An image expert as a service: OpenAI's image request in, pictures in base64 out. */
import type { ImageExpert, PaintRequest } from './experts.ts'
import { type ImageService, type ImagesRequest, ServiceFailure } from './service.ts'

export type ExpertImagesOptions = {
  /** The expert; asked for on the first request. */
  readonly expert: () => Promise<ImageExpert>
  readonly nowMs: () => number
  /** 0 ≤ x < 1: makes the seed of a request that brings none. */
  readonly random: () => number
}

const COUNT_MAX = 10
const SIDE_DEFAULT = 1024

/** Builds the service. */
export function createExpertImages(options: ExpertImagesOptions): ImageService {
  return {
    async generate(request, signal) {
      const count = readCount(request.n)
      const first = readRequest(request, options.random)
      const expert = await options.expert()
      const images: object[] = []
      for (let index = 0; index < count; index += 1) {
        const { bytes, description } = await expert.paint({ ...first, seed: first.seed + index }, signal)
        images.push({ b64_json: Buffer.from(bytes).toString('base64'), revised_prompt: description })
      }
      return JSON.stringify({ created: Math.floor(options.nowMs() / 1000), data: images })
    },
  }
}

function readRequest(request: ImagesRequest, random: () => number): PaintRequest {
  const { width, height } = readSize(request.size)
  const { seed, output_format: format } = request
  return {
    prompt: request.prompt,
    width,
    height,
    seed: Number.isSafeInteger(seed) ? Number(seed) : Math.floor(random() * 2 ** 31),
    isTransparent: request.background === 'transparent',
    format: format === 'jpeg' || format === 'webp' ? format : 'png',
  }
}

function readSize(size: unknown): { readonly width: number; readonly height: number } {
  if (size === undefined || size === null || size === 'auto')
    return { width: SIDE_DEFAULT, height: SIDE_DEFAULT }
  const match = typeof size === 'string' ? /^(\d{1,5})x(\d{1,5})$/.exec(size) : null
  if (!match) throw new ServiceFailure(400, 'size: must be WIDTHxHEIGHT.')
  return { width: Number(match[1]), height: Number(match[2]) }
}

function readCount(n: unknown): number {
  if (n === undefined || n === null) return 1
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 1 || n > COUNT_MAX) {
    throw new ServiceFailure(400, `n: must be an integer from 1 to ${COUNT_MAX}.`)
  }
  return n
}
