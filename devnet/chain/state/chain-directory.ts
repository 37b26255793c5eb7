/**
 * The chain on disk. Finalised blocks are lines of `blocks-<first number>.log`, on the disk before anybody hears of them; `snapshot.log`
 * holds the state as of a block far enough back that every state still served can be replayed from it; `hashes.bin` has the hash of every
 * block. Old segments are deleted, so the directory stays bounded but for 32 bytes a block.
 *
 * Kept: state of the last 300 blocks, as a pruned node does; header, extrinsics and events of the last 7,200; hashes for ever.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Block, decodeBlock, encodeBlock, ZERO_HASH } from './block.ts'
import { lockDirectory } from './directory-lock.ts'
import { HashIndex } from './hash-index.ts'
import { addChecksum, DamagedLogError, LineLog, readChecksummedLines } from './line-log.ts'
import { syncDirectory, writeWhole } from './write-whole.ts'

/** Blocks whose state can be read. */
export const STATE_BLOCKS = 300

/** Blocks whose header, extrinsics and events can be read. Two hours of one-second blocks, a day of twelve-second ones. */
export const KEPT_BLOCKS = 7_200

const SEGMENT_BLOCKS = 512

/** The chain of a killed gateway ends within seconds. */
const LOCK_WAIT_MS = 10_000

const SNAPSHOT_FILE = 'snapshot.log'

/** The state as of the end of a block. */
export type StateSnapshot = {
  readonly number: number
  readonly entries: readonly (readonly [string, string])[]
}

export type StoredChain = {
  /** Null when the state begins with the first block's changes. */
  readonly snapshot: StateSnapshot | null
  /** Consecutive, oldest first. Empty in a new directory. */
  readonly blocks: readonly Block[]
}

type Segment = { readonly first: number; readonly path: string }

/** The newest segment is open to be written to. */
type Opened = { readonly segments: readonly Segment[]; readonly log: LineLog; readonly logLength: number }

export class ChainDirectory {
  readonly #path: string
  readonly #hashes: HashIndex
  #segments: Segment[]
  #log: LineLog
  #logLength: number
  readonly #unlock: () => void

  private constructor(path: string, opened: Opened, unlock: () => void) {
    this.#path = path
    this.#hashes = new HashIndex(join(path, 'hashes.bin'))
    this.#segments = [...opened.segments]
    this.#log = opened.log
    this.#logLength = opened.logLength
    this.#unlock = unlock
  }

  /** @throws DamagedLogError when blocks that were finalised are missing or changed @throws Error when another process has it */
  static async open(
    path: string,
  ): Promise<{ readonly directory: ChainDirectory; readonly stored: StoredChain }> {
    await mkdir(path, { recursive: true })
    const unlock = await lockDirectory(path, { waitMs: LOCK_WAIT_MS })
    try {
      const { stored, ...opened } = await readDirectory(path)
      const directory = new ChainDirectory(path, opened, unlock)
      for (const block of stored.blocks) directory.#hashes.set(block.number, block.hash)
      await syncDirectory(path)
      return { directory, stored }
    } catch (error) {
      unlock()
      throw error
    }
  }

  /** Keeps finalised blocks: when it resolves, they survive the end of the process. @returns whether it is time to `compact` */
  async append(blocks: readonly Block[]): Promise<boolean> {
    const [first] = blocks
    if (!first) return false
    const isFull = this.#logLength >= SEGMENT_BLOCKS
    if (isFull) await this.#startSegment(first.number)
    await this.#log.append(blocks.map(encodeBlock))
    this.#logLength += blocks.length
    for (const block of blocks) this.#hashes.set(block.number, block.hash)
    return isFull
  }

  /** Writes a snapshot and deletes segments that hold neither blocks to be kept nor changes after the snapshot. */
  async compact(snapshot: StateSnapshot, finalized: number): Promise<void> {
    await writeWhole(join(this.#path, SNAPSHOT_FILE), addChecksum(JSON.stringify(snapshot)))
    this.#hashes.sync()
    const oldest = Math.min(snapshot.number, finalized - KEPT_BLOCKS)
    const kept = this.#segments.filter(
      (_, index) => (this.#segments[index + 1]?.first ?? oldest + 1) > oldest,
    )
    for (const segment of this.#segments) if (!kept.includes(segment)) await rm(segment.path)
    this.#segments = kept
  }

  /** Hash of a block of any age; null when there is no such block. */
  hashOf(number: number): string | null {
    return this.#hashes.get(number)
  }

  async close(): Promise<void> {
    await this.#log.close()
    this.#hashes.close()
    this.#unlock()
  }

  async #startSegment(first: number): Promise<void> {
    const segment = segmentOf(this.#path, first)
    const { log } = await LineLog.open(segment.path)
    await syncDirectory(this.#path)
    await this.#log.close()
    this.#segments.push(segment)
    this.#log = log
    this.#logLength = 0
  }
}

async function readDirectory(path: string): Promise<Opened & { readonly stored: StoredChain }> {
  const segments = await listSegments(path)
  if (segments.length === 0) segments.push(segmentOf(path, 0))
  const blocks: Block[] = []
  let current: { log: LineLog; logLength: number } | null = null
  try {
    for (const segment of segments) {
      await current?.log.close()
      const { log, lines } = await LineLog.open(segment.path)
      current = { log, logLength: lines.length }
      for (const line of lines) blocks.push(decodeBlock(line))
    }
    checkLinks(blocks)
    const snapshot = await readSnapshot(path)
    checkReach(snapshot, blocks)
    if (!current) throw new Error('There is no segment.')
    return { segments, ...current, stored: { snapshot, blocks } }
  } catch (error) {
    await current?.log.close()
    throw error
  }
}

async function listSegments(path: string): Promise<Segment[]> {
  const names = await readdir(path)
  return names
    .flatMap((name) => {
      const match = /^blocks-(\d+)\.log$/.exec(name)
      return match ? [segmentOf(path, Number(match[1]))] : []
    })
    .sort((left, right) => left.first - right.first)
}

function segmentOf(path: string, first: number): Segment {
  return { first, path: join(path, `blocks-${String(first).padStart(10, '0')}.log`) }
}

function checkLinks(blocks: readonly Block[]): void {
  for (const [index, block] of blocks.entries()) {
    const parent = blocks[index - 1]
    const isLinked = parent
      ? parent.number + 1 === block.number && parent.hash === block.parentHash
      : block.number > 0 || block.parentHash === ZERO_HASH
    if (!isLinked) throw new DamagedLogError(`Block ${block.number} does not follow the one before it.`)
  }
}

function checkReach(snapshot: StateSnapshot | null, blocks: readonly Block[]): void {
  const first = blocks[0]?.number ?? 0
  const last = blocks.at(-1)?.number ?? 0
  const isWhole = snapshot ? first <= snapshot.number + 1 && snapshot.number <= last : first === 0
  if (!isWhole) throw new DamagedLogError('The snapshot and the blocks do not meet.')
}

async function readSnapshot(path: string): Promise<StateSnapshot | null> {
  const { lines } = await readChecksummedLines(join(path, SNAPSHOT_FILE))
  const [line] = lines
  // The checksum vouches for what `compact` wrote.
  return line === undefined ? null : (JSON.parse(line) as StateSnapshot)
}
