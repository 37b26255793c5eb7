// What an add-on that recognises things on photographs offers.
import type { Pixels } from './decode-picture.ts'
import type { ScoredBox } from './recognition.ts'

/** Finds things on photographs, which our own network of drawings does not know. */
export interface PhotographDetector {
  /** Scores below are not worth telling. */
  readonly threshold: number
  detect(pixels: Pixels): Promise<ScoredBox[]>
  close(): Promise<void>
}
