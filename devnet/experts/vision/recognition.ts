// What a recogniser says about a picture.
import type { PictureFormat } from './decode-picture.ts'
import type { NamedColour } from './name-colours.ts'
import type { Guess } from './network.ts'

/** Where a thing is; lengths are shares (0 to 1) of the upright picture's width and height. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface FoundLabel {
  readonly name: string
  /** Calibrated probability that the thing is on the picture, 0 to 1. */
  readonly score: number
  readonly count: number
  /** As many as `count`, the most certain first. */
  readonly boxes: readonly Box[]
}

export interface Recognition {
  /** Pixels of the upright picture. */
  readonly width: number
  readonly height: number
  readonly format: PictureFormat
  /** Printed text, line by line; empty when there is none or it was not asked for. */
  readonly text: string
  /** Mean certainty of the words, 0 to 1. */
  readonly textConfidence: number
  /** False when there was no time to read the text to its end, so that `text` is empty. */
  readonly isTextRead: boolean
  /** The most certain first. */
  readonly labels: readonly FoundLabel[]
  /** Null when no place, time or weather of the composer's scenes is likely. */
  readonly place: Guess | null
  readonly time: Guess | null
  readonly weather: Guess | null
  readonly colours: readonly NamedColour[]
  /** What found the labels: our network of drawings, or the add-on for photographs. */
  readonly source: 'drawings' | 'photographs'
}

/** A box with what is in it. */
export interface ScoredBox extends Box {
  readonly label: string
  readonly score: number
}

const thousandth = (value: number) => Math.round(value * 1000) / 1000

/** Boxes of candidates that reach the threshold, cut to the picture and grouped by label. */
export function groupLabels(candidates: readonly ScoredBox[], threshold: number): FoundLabel[] {
  const groups = new Map<string, ScoredBox[]>()
  for (const candidate of candidates) {
    if (candidate.score < threshold) continue
    groups.set(candidate.label, [...(groups.get(candidate.label) ?? []), candidate])
  }
  return [...groups]
    .map(([name, members]) => {
      const sorted = [...members].sort((first, second) => second.score - first.score)
      const score = thousandth(sorted[0]?.score ?? 0)
      return { name, score, count: sorted.length, boxes: sorted.map(cutToPicture) }
    })
    .sort((first, second) => second.score - first.score)
}

function cutToPicture({ x, y, width, height }: Box): Box {
  const [left, top] = [Math.max(0, x), Math.max(0, y)]
  return {
    x: thousandth(left),
    y: thousandth(top),
    width: thousandth(Math.max(0, Math.min(1, x + width) - left)),
    height: thousandth(Math.max(0, Math.min(1, y + height) - top)),
  }
}
