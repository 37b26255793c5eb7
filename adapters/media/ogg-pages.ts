/** Ogg taken apart into packets, and put together again. Source: RFC 3533. */

export type OggPacket = {
  readonly serial: number
  readonly bytes: Uint8Array
  /** The first packet of its stream. */
  readonly isFirst: boolean
  /** Samples up to the end of this packet; only of the last packet that ends on a page, else null. */
  readonly granule: number | null
  /** The last packet of its stream, as the page says. */
  readonly isLast: boolean
}

type OggPage = {
  readonly serial: number
  readonly flags: number
  readonly granule: number | null
  readonly lacing: Uint8Array
  readonly body: Uint8Array
}

const HEADER_BYTES = 27
const CONTINUED = 1
const FIRST = 2
const LAST = 4

/** Gives packet after packet; lost bytes between pages are skipped, a packet that lost its head is dropped. */
export function* readOggPackets(bytes: Uint8Array): Generator<OggPacket> {
  const started = new Map<number, Uint8Array[]>()
  for (const page of readOggPages(bytes)) {
    const parts = page.flags & CONTINUED ? (started.get(page.serial) ?? null) : []
    started.delete(page.serial)
    yield* packetsOf(page, { parts, started })
  }
}

function* packetsOf(
  page: OggPage,
  state: { parts: Uint8Array[] | null; started: Map<number, Uint8Array[]> },
): Generator<OggPacket> {
  let { parts } = state
  let isFirst = (page.flags & FIRST) !== 0
  let from = 0
  let to = 0
  for (const [index, size] of page.lacing.entries()) {
    to += size
    if (size === 255) continue
    const piece = page.body.subarray(from, to)
    from = to
    if (!parts) {
      parts = []
      continue
    }
    const isLastOfPage = !page.lacing.subarray(index + 1).some((later) => later < 255)
    yield {
      serial: page.serial,
      bytes: parts.length === 0 ? piece : join([...parts, piece]),
      isFirst,
      granule: isLastOfPage ? page.granule : null,
      isLast: isLastOfPage && (page.flags & LAST) !== 0,
    }
    parts = []
    isFirst = false
  }
  if (from < to && parts) state.started.set(page.serial, [...parts, page.body.subarray(from, to)])
}

function* readOggPages(bytes: Uint8Array): Generator<OggPage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = findCapture(bytes, 0); at !== null && at + HEADER_BYTES <= bytes.length; ) {
    const segmentCount = view.getUint8(at + 26)
    const bodyAt = at + HEADER_BYTES + segmentCount
    const lacing = bytes.subarray(at + HEADER_BYTES, bodyAt)
    const size = lacing.reduce((sum, segment) => sum + segment, 0)
    if (bodyAt + size > bytes.length) {
      yield cutPage({ view, at, lacing, body: bytes.subarray(bodyAt) })
      return
    }
    yield {
      serial: view.getUint32(at + 14, true),
      flags: view.getUint8(at + 5),
      granule: readGranule(view, at + 6),
      lacing,
      body: bytes.subarray(bodyAt, bodyAt + size),
    }
    at = findCapture(bytes, bodyAt + size)
  }
}

/** The page on which the file was cut: the packets that are whole. */
function cutPage(cut: { view: DataView; at: number; lacing: Uint8Array; body: Uint8Array }): OggPage {
  let whole = 0
  let sum = 0
  for (const [index, size] of cut.lacing.entries()) {
    sum += size
    if (sum > cut.body.length) break
    if (size < 255) whole = index + 1
  }
  return {
    serial: cut.view.getUint32(cut.at + 14, true),
    flags: cut.view.getUint8(cut.at + 5) & ~LAST,
    granule: null,
    lacing: cut.lacing.subarray(0, whole),
    body: cut.body,
  }
}

function readGranule(view: DataView, at: number): number | null {
  const granule = view.getBigInt64(at, true)
  return granule < 0n ? null : Number(granule)
}

function findCapture(bytes: Uint8Array, from: number): number | null {
  for (let at = bytes.indexOf(0x4f, from); at >= 0; at = bytes.indexOf(0x4f, at + 1)) {
    if (bytes[at + 1] === 0x67 && bytes[at + 2] === 0x67 && bytes[at + 3] === 0x53) return at
  }
  return null
}

/** Writes one packet as a page of its own; the sum is left zero, for a reader that does not check it. */
export function writeOggPage(page: {
  readonly packet: Uint8Array
  readonly sequence: number
  readonly isFirst: boolean
}): Uint8Array[] {
  // A page has at most 255 segments of 255 bytes: a longer packet is continued on the next page.
  const pages: Uint8Array[] = []
  for (let at = 0, index = 0; ; index += 1) {
    const rest = page.packet.length - at
    const isEnd = rest < 255 * 255
    const size = isEnd ? rest : 255 * 255
    const segments = isEnd ? Math.floor(size / 255) + 1 : 255
    const bytes = new Uint8Array(HEADER_BYTES + segments + size)
    bytes.set([
      0x4f,
      0x67,
      0x67,
      0x53,
      0,
      (index > 0 ? CONTINUED : 0) | (page.isFirst && index === 0 ? FIRST : 0),
    ])
    new DataView(bytes.buffer).setUint32(18, page.sequence + index, true)
    bytes[14] = 1
    bytes[26] = segments
    bytes.fill(255, HEADER_BYTES, HEADER_BYTES + segments)
    if (isEnd) bytes[HEADER_BYTES + segments - 1] = size % 255
    bytes.set(page.packet.subarray(at, at + size), HEADER_BYTES + segments)
    pages.push(bytes)
    at += size
    if (isEnd) return pages
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
