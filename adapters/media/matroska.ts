/** WebM and Matroska taken apart into the packets of one sound track; sizes may be unknown, the end missing. */
import {
  type Element,
  readChildren,
  readElement,
  readFloat,
  readNumber,
  readSignedNumber,
  readText,
  readVint,
} from './ebml.ts'
import type { TrackShape } from './packet-decoder.ts'

export type MatroskaTrack = TrackShape & {
  readonly number: number
  /** `A_OPUS`, `A_VORBIS` … */
  readonly codec: string
  readonly bits: number
  /** Bytes that the writer took off the head of every packet. */
  readonly strippedHeader: Uint8Array
  readonly isDefault: boolean
  /** Packets are compressed or encrypted. */
  readonly isLocked: boolean
}

export type MatroskaPacket = {
  readonly bytes: Uint8Array
  /** Nanoseconds to drop from the end of this packet's sound. */
  readonly discardNs: number
}

const ID = {
  segment: 0x18538067,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  cluster: 0x1f43b675,
  blockGroup: 0xa0,
  block: 0xa1,
  simpleBlock: 0xa3,
  discardPadding: 0x75a2,
} as const

const SOUND_TRACK = 2

/** Elements whose inside is walked through, so that their size need not be known. */
const CONTAINERS = new Set<number>([ID.segment, ID.tracks, ID.cluster, ID.blockGroup])

/** Walks through the file; what is no element is searched through for the next cluster. */
function* walk(bytes: Uint8Array): Generator<Element> {
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at, bytes.length)
    if (!element) {
      const next = findCluster(bytes, at + 1)
      if (next === null) return
      at = next
      continue
    }
    yield element
    at = CONTAINERS.has(element.id) ? element.from : element.to
  }
}

function findCluster(bytes: Uint8Array, from: number): number | null {
  for (let at = bytes.indexOf(0x1f, from); at >= 0; at = bytes.indexOf(0x1f, at + 1)) {
    if (bytes[at + 1] === 0x43 && bytes[at + 2] === 0xb6 && bytes[at + 3] === 0x75) return at
  }
  return null
}

/** Lists the sound tracks, the default one first. */
export function listMatroskaTracks(bytes: Uint8Array): MatroskaTrack[] {
  const tracks: MatroskaTrack[] = []
  for (const element of walk(bytes)) {
    if (element.id === ID.cluster) break
    const track = element.id === ID.trackEntry ? parseTrack(bytes, element) : null
    if (track) tracks.push(track)
  }
  return tracks.sort((a, b) => Number(b.isDefault) - Number(a.isDefault))
}

function parseTrack(bytes: Uint8Array, entry: Element): MatroskaTrack | null {
  const found = new Map<number, Element>()
  for (const child of readChildren(bytes, entry)) {
    found.set(child.id, child)
    // Audio, ContentEncodings / ContentEncoding / ContentCompression.
    if ([0xe1, 0x6d80].includes(child.id)) collect(bytes, child, found)
  }
  const number = (id: number, fallback: number) => {
    const element = found.get(id)
    return element ? readNumber(bytes, element) : fallback
  }
  if (number(0x83, 0) !== SOUND_TRACK) return null
  const part = (id: number) => {
    const element = found.get(id)
    return element ? bytes.subarray(element.from, element.to) : null
  }
  const codec = found.get(0x86)
  const rate = found.get(0xb5)
  const compression = found.has(0x5034) ? number(0x4254, 0) : null
  return {
    number: number(0xd7, 0),
    codec: codec ? readText(bytes, codec) : '',
    description: part(0x63a2),
    sampleRate: rate ? Math.round(readFloat(bytes, rate)) : 8000, // The default that the standard gives.
    channelCount: number(0x9f, 1),
    bits: number(0x6264, 16),
    strippedHeader: (compression === 3 && part(0x4255)) || new Uint8Array(),
    isDefault: number(0x88, 1) === 1,
    isLocked: (compression !== null && compression !== 3) || found.has(0x5035),
  }
}

function collect(bytes: Uint8Array, parent: Element, found: Map<number, Element>): void {
  for (const child of readChildren(bytes, parent)) {
    found.set(child.id, child)
    if ([0x6240, 0x5034].includes(child.id)) collect(bytes, child, found)
  }
}

/** Gives the packets of one track in their order. */
export function* readMatroskaPackets(bytes: Uint8Array, track: MatroskaTrack): Generator<MatroskaPacket> {
  let pending: Uint8Array[] = []
  let discardNs = 0
  for (const element of walk(bytes)) {
    if (element.id === ID.discardPadding) {
      discardNs = readSignedNumber(bytes, element)
      continue
    }
    if (element.id !== ID.block && element.id !== ID.simpleBlock) continue
    // The padding stands behind its block: a packet is given when the next one comes.
    yield* finish(pending, { track, discardNs })
    discardNs = 0
    pending = splitBlock(bytes.subarray(element.from, element.to), track.number)
  }
  yield* finish(pending, { track, discardNs })
}

function* finish(
  packets: readonly Uint8Array[],
  about: { track: MatroskaTrack; discardNs: number },
): Generator<MatroskaPacket> {
  const { strippedHeader } = about.track
  for (const [index, packet] of packets.entries()) {
    const bytes = new Uint8Array(strippedHeader.length + packet.length)
    bytes.set(strippedHeader)
    bytes.set(packet, strippedHeader.length)
    yield { bytes, discardNs: index === packets.length - 1 ? about.discardNs : 0 }
  }
}

/** Takes a block apart: track number, time, flags, and several packets when it is laced (RFC 9559 section 10.3). */
function splitBlock(block: Uint8Array, trackNumber: number): Uint8Array[] {
  const number = readVint(block, 0)
  if (!number || number.value !== trackNumber || block.length < number.width + 3) return []
  const lacing = ((block[number.width + 2] ?? 0) >> 1) & 3
  const body = block.subarray(number.width + 3)
  if (lacing === 0) return [body]
  const count = (body[0] ?? 0) + 1
  const { sizes, at } =
    lacing === 2 ? evenSizes(body, count) : lacing === 1 ? xiphSizes(body, count) : ebmlSizes(body, count)
  const packets: Uint8Array[] = []
  let from = at
  for (const size of sizes) {
    packets.push(body.subarray(from, from + size))
    from += size
  }
  packets.push(body.subarray(from))
  return packets
}

type Lacing = { readonly sizes: number[]; readonly at: number }

function evenSizes(body: Uint8Array, count: number): Lacing {
  return { sizes: new Array<number>(count - 1).fill(Math.floor((body.length - 1) / count)), at: 1 }
}

function xiphSizes(body: Uint8Array, count: number): Lacing {
  const sizes: number[] = []
  let at = 1
  for (let size = 0; sizes.length < count - 1 && at < body.length; at += 1) {
    const byte = body[at] ?? 0
    size += byte
    if (byte === 255) continue
    sizes.push(size)
    size = 0
  }
  return { sizes, at }
}

function ebmlSizes(body: Uint8Array, count: number): Lacing {
  const sizes: number[] = []
  let at = 1
  while (sizes.length < count - 1) {
    const step = readVint(body, at)
    if (!step) break
    at += step.width
    // The first size is written as it is, the others as the change from the one before, around a middle.
    const middle = 2 ** (7 * step.width - 1) - 1
    const before = sizes.at(-1)
    const size = before === undefined ? (step.value ?? 0) : before + (step.value ?? 0) - middle
    sizes.push(Math.max(0, size))
  }
  return { sizes, at }
}
