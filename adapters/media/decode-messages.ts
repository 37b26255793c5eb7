/** What the gateway's thread and the decoding thread say to each other. One job at a time. */
import type { SoundContainer } from './sniff.ts'

export type DecodeJob = { readonly bytes: Uint8Array; readonly secondsMax: number }

export type DecodeAnswer =
  | {
      readonly kind: 'decoded'
      readonly wav: Uint8Array<ArrayBuffer>
      readonly durationSeconds: number
      readonly container: SoundContainer
    }
  /** The recording is at fault; the message is for the caller. */
  | { readonly kind: 'fault'; readonly message: string }
