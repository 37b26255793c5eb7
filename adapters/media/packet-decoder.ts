/** One shape for every coding that containers hold as packets. */
import { AudioFault, type Sound } from './sound.ts'

/** Decodes packets in their order. A damaged packet gives no sound and no error. */
export type PacketDecoder = {
  decode(packet: Uint8Array): Promise<Sound | null> | Sound | null
  /** What the decoder still holds at the end of the stream. */
  end?(): Promise<Sound | null>
  free(): void
}

/** What a container says of its track. */
export type TrackShape = {
  /** The codec's own header, as the container keeps it. */
  readonly description: Uint8Array | null
  /** Hertz; 0 when the container does not say. */
  readonly sampleRate: number
  /** 0 when the container does not say. */
  readonly channelCount: number
}

/** Cuts sound at both ends: the encoder's lead-in, and what the container says lies behind the end. */
export class Trimmer {
  #skip: number

  /** @param skip - samples to drop at the start */
  constructor(skip: number) {
    this.#skip = Math.max(0, Math.round(skip))
  }

  start(sound: Sound): Sound {
    if (this.#skip === 0) return sound
    const length = sound.channels[0]?.length ?? 0
    const drop = Math.min(this.#skip, length)
    this.#skip -= drop
    return { ...sound, channels: sound.channels.map((channel) => channel.subarray(drop)) }
  }
}

/** Keeps the first `count` samples. */
export function cutSound(sound: Sound, count: number): Sound {
  return { ...sound, channels: sound.channels.map((channel) => channel.subarray(0, Math.max(0, count))) }
}

/** A packet that no encoder writes: larger ones would overrun the decoders' fixed buffers. */
export function isPacketTooLarge(packet: Uint8Array, bytesMax: number): boolean {
  return packet.length === 0 || packet.length > bytesMax
}

/** @throws AudioFault always: names the container and the coding */
export function refuseCoding(container: string, coding: string): never {
  throw new AudioFault(
    `The sound of this ${container} file is in a coding that cannot be read here (${coding}).`,
  )
}
