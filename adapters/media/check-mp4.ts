/**
 * Looks through the index of an MP4 file before a reader believes it: a count that the file cannot hold makes readers build tables
 * for minutes. Source: ISO/IEC 14496-12:2015 clauses 8.6 to 8.8.
 */
import { AudioFault } from './sound.ts'

/** Boxes that hold boxes. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf', 'mvex', 'edts'])
/** Tables of entries of one size, behind a version and a count. */
const ENTRY_BYTES: Readonly<Record<string, number>> = {
  stts: 8,
  ctts: 8,
  stsc: 12,
  stco: 4,
  co64: 8,
  stss: 4,
  elst: 12,
}
const BOXES_MAX = 200_000
const DEPTH_MAX = 12

type Range = { readonly from: number; readonly to: number }

type Walk = {
  readonly bytes: Uint8Array
  readonly view: DataView
  boxes: number
}

/** @throws AudioFault a table claims more entries than it has bytes, or more samples than the file has bytes */
export function checkMp4(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  checkBoxes({ bytes, view, boxes: 0 }, { from: 0, to: bytes.length }, 0)
}

function checkBoxes(walk: Walk, range: Range, depth: number): void {
  const tables = new Map<string, Range>()
  for (let at = range.from; at + 8 <= range.to; ) {
    walk.boxes += 1
    if (walk.boxes > BOXES_MAX || depth > DEPTH_MAX) throw contradiction()
    const { size, head } = readSize(walk, at, range.to)
    if (size < head) break // No box: readers stop here, too.
    const type = String.fromCharCode(...walk.bytes.subarray(at + 4, at + 8))
    const inside = { from: at + head, to: Math.min(range.to, at + size) }
    if (CONTAINERS.has(type)) checkBoxes(walk, inside, depth + 1)
    else checkTable(walk, type, inside)
    tables.set(type, inside)
    at += size
  }
  const [chunks, offsets] = [tables.get('stsc'), tables.get('stco') ?? tables.get('co64')]
  if (chunks && offsets) checkChunks(walk, chunks, offsets)
}

/** So many samples in each of so many chunks: all together there are not more samples than bytes. */
function checkChunks({ view, bytes }: Walk, chunks: Range, offsets: Range): void {
  if (chunks.to - chunks.from < 8 || offsets.to - offsets.from < 8) return
  const chunkCount = view.getUint32(offsets.from + 4)
  const runCount = view.getUint32(chunks.from + 4)
  let samples = 0
  for (let run = 0; run < runCount; run += 1) {
    const at = chunks.from + 8 + 12 * run
    const next = run + 1 < runCount ? view.getUint32(at + 12) : chunkCount + 1
    const perChunk = view.getUint32(at + 4)
    samples += Math.max(0, next - view.getUint32(at)) * perChunk
    if (samples > bytes.length || perChunk > bytes.length) throw contradiction()
  }
}

/** A size of 1 stands for a long one behind the type, 0 for all the rest. */
function readSize({ view }: Walk, at: number, end: number): { size: number; head: number } {
  const size = view.getUint32(at)
  if (size === 0) return { size: end - at, head: 8 }
  if (size !== 1) return { size, head: 8 }
  return at + 16 <= end ? { size: Number(view.getBigUint64(at + 8)), head: 16 } : { size: 0, head: 16 }
}

function checkTable(walk: Walk, type: string, { from, to }: Range): void {
  const { view, bytes } = walk
  const room = to - from
  const entryBytes = ENTRY_BYTES[type]
  if (entryBytes !== undefined && room >= 8) {
    const count = view.getUint32(from + 4)
    if (count * entryBytes > room - 8) throw contradiction()
    if (type === 'stts' || type === 'ctts') checkRuns(walk, { from: from + 8, count })
  }
  // Sizes of samples: one for all, or a list.
  if (type === 'stsz' && room >= 12) {
    const size = view.getUint32(from + 4)
    const count = view.getUint32(from + 8)
    if (size === 0 ? count * 4 > room - 12 : count > bytes.length || count * size > 2 * bytes.length)
      throw contradiction()
  }
  if (type === 'trun' && room >= 8) {
    const fields = (view.getUint16(from + 2) >> 8) & 15
    const sampleBytes = [1, 2, 4, 8].filter((bit) => fields & bit).length * 4
    const count = view.getUint32(from + 4)
    if (count > bytes.length || count * sampleBytes > room - 8) throw contradiction()
  }
}

/** Runs of samples of one duration: all together there are not more samples than bytes. */
function checkRuns({ view, bytes }: Walk, runs: { readonly from: number; readonly count: number }): void {
  let samples = 0
  for (let index = 0; index < runs.count; index += 1) samples += view.getUint32(runs.from + 8 * index)
  if (samples > bytes.length) throw contradiction()
}

function contradiction(): AudioFault {
  return new AudioFault('The MP4 file is damaged: its index claims more than the file holds.')
}
