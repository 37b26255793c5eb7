/** A block, its header as clients get it, and the line that is kept of it. */
import { blake256 } from '../hashing.ts'
import type { RuntimeDescription } from '../runtime/version.ts'
import { ByteSink, concatBytes, fromHex } from '../scale/bytes.ts'
import { encodeCompact } from '../scale/numbers.ts'

export const ZERO_HASH = `0x${'00'.repeat(32)}`

/** Hashes, logs and extrinsics are hex texts. */
export type Block = {
  readonly number: number
  readonly hash: string
  readonly parentHash: string
  readonly stateRoot: string
  readonly extrinsicsRoot: string
  readonly logs: readonly string[]
  readonly extrinsics: readonly string[]
  /** Value of `System.Events`. */
  readonly events: string
  /** The runtime in force after the block. Its events were written by the one before. */
  readonly runtime: RuntimeDescription
  /** What the block changed in the state. Empty for blocks whose state is no longer kept. */
  readonly changes: ReadonlyMap<string, string | null>
}

export type BlockHeader = Pick<Block, 'number' | 'parentHash' | 'stateRoot' | 'extrinsicsRoot' | 'logs'>

/** BLAKE2b-256 of the encoded header. */
export function hashHeader(header: BlockHeader): string {
  const sink = new ByteSink()
  sink.bytes(fromHex(header.parentHash))
  encodeCompact(header.number, sink)
  sink.bytes(fromHex(header.stateRoot))
  sink.bytes(fromHex(header.extrinsicsRoot))
  encodeCompact(header.logs.length, sink)
  for (const log of header.logs) sink.bytes(fromHex(log))
  return blake256(sink.finish())
}

/** Stands for the root of the state trie, which this chain does not have: a hash over the parent's root and the changes. */
export function rootOfChanges(parentRoot: string, changes: ReadonlyMap<string, string | null>): string {
  const parts = [...changes].map(([key, value]) => fromHex(`${key}${(value ?? '0x').slice(2)}`))
  return blake256(concatBytes(fromHex(parentRoot), ...parts))
}

/** Stands for the root of the extrinsics' trie. */
export function rootOfExtrinsics(extrinsics: readonly string[]): string {
  return blake256(concatBytes(...extrinsics.map(fromHex)))
}

/** As `chain_getHeader` answers. */
export function headerJson(block: Block) {
  return {
    parentHash: block.parentHash,
    number: `0x${block.number.toString(16)}`,
    stateRoot: block.stateRoot,
    extrinsicsRoot: block.extrinsicsRoot,
    digest: { logs: block.logs },
  }
}

/** The line of the block log: JSON without line breaks. */
export function encodeBlock(block: Block): string {
  return JSON.stringify({ ...block, changes: [...block.changes] })
}

/** Reads a line whose checksum was right. @throws Error when it is not a block whose header has its hash */
export function decodeBlock(line: string): Block {
  // The line was written by `encodeBlock` and its checksum was verified; the hash below vouches for the header.
  const json = JSON.parse(line) as Omit<Block, 'changes'> & {
    readonly changes: readonly (readonly [string, string | null])[]
  }
  const block: Block = { ...json, changes: new Map(json.changes) }
  if (hashHeader(block) !== block.hash) throw new Error(`Block ${block.number} does not have its hash.`)
  return block
}
