// What the composer and its rendering process say to each other.

export interface RenderTask {
  readonly id: number
  readonly svg: string
  /** Pixels; the SVG has this size too. */
  readonly width: number
  readonly height: number
  /** TrueType files for the text in the picture. */
  readonly fontFiles: readonly string[]
}

export type RenderReply =
  | { readonly id: number; readonly png: Uint8Array }
  | { readonly id: number; readonly error: string }
