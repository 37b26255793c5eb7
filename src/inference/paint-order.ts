/** From a validated request for pictures to what a painter is asked: fills in what was not said. Pure. */
import { GatewayError } from '../errors.ts'
import type { ImageWork } from '../ports/miner.ts'

/** What of a validated body is read here. */
export type PaintRequest = {
  readonly prompt: string
  readonly n?: number | null
  /** `auto` or `<width>x<height>`. */
  readonly size?: string | null
  readonly output_format?: 'png' | 'jpeg' | 'webp' | null
  readonly background?: 'auto' | 'opaque' | 'transparent' | null
  readonly seed?: number | null
}

/** Sides of a picture, pixels. */
const SIDE_MIN = 64
const SIDE_MAX = 2048

const SIZE_DEFAULT = '1024x1024'

/** @throws GatewayError `invalid_request` a size out of range, or a form that cannot be transparent */
export function readPaintOrder(request: PaintRequest): Omit<ImageWork, 'kind' | 'model'> {
  const size = request.size && request.size !== 'auto' ? request.size : SIZE_DEFAULT
  const [width = 0, height = 0] = size.split('x').map(Number)
  if (Math.min(width, height) < SIDE_MIN || Math.max(width, height) > SIDE_MAX) {
    throw new GatewayError(
      'invalid_request',
      `size: each side must be from ${SIDE_MIN} to ${SIDE_MAX} pixels.`,
      { param: 'size' },
    )
  }
  const format = request.output_format ?? 'png'
  const background = request.background ?? 'auto'
  if (format === 'jpeg' && background === 'transparent') {
    throw new GatewayError('invalid_request', 'background: JPEG cannot be transparent; take png or webp.', {
      param: 'background',
    })
  }
  return {
    prompt: request.prompt,
    width,
    height,
    count: request.n ?? 1,
    seed: request.seed ?? null,
    format,
    background,
  }
}
