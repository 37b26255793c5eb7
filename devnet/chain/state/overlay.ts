/** Changes on top of a state, which can be kept or thrown away: a block being built, an extrinsic, an item of a batch. */
import type { StateReader, StorageItem } from '../runtime/storage.ts'
import { encodeStored, readValue } from '../runtime/storage.ts'
import type { StateChanges } from './versioned-state.ts'

export class Overlay implements StateReader {
  readonly #below: StateReader
  readonly #changes = new Map<string, string | null>()

  constructor(below: StateReader) {
    this.#below = below
  }

  get changes(): StateChanges {
    return this.#changes
  }

  get(key: string): string | null {
    const changed = this.#changes.get(key)
    return changed === undefined ? this.#below.get(key) : changed
  }

  set(key: string, value: string | null): void {
    this.#changes.set(key, value)
  }

  /** Takes over everything that the other one changed. */
  merge(changes: StateChanges): void {
    for (const [key, value] of changes) this.#changes.set(key, value)
  }

  read<A extends readonly unknown[], T>(item: StorageItem<A, T>, ...key: A): T {
    return readValue(this, item, ...key)
  }

  /** Stores a value, or removes it when it is null. */
  write<A extends readonly unknown[], T>(item: StorageItem<A, T>, key: A, value: T | null): void {
    this.set(item.key(...key), value === null ? null : encodeStored(item, value))
  }
}
