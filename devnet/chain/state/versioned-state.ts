/** Key/value state with its history: it can be read as of any block that is still kept. Keys and values are hex texts. */
import type { StateReader } from '../runtime/storage.ts'

export type StateChanges = ReadonlyMap<string, string | null>

type Version = { readonly block: number; readonly value: string | null }

export class VersionedState {
  /** By key, in order of block. */
  readonly #history = new Map<string, Version[]>()
  readonly #changedKeys = new Map<number, readonly string[]>()
  #sortedKeys: string[] | null = null

  /** Value at the end of that block, or null. */
  get(key: string, block: number): string | null {
    const versions = this.#history.get(key)
    if (!versions) return null
    for (let index = versions.length - 1; index >= 0; index--) {
      const version = versions[index]
      if (version && version.block <= block) return version.value
    }
    return null
  }

  /** A view as of one block. */
  at(block: number): StateReader {
    return { get: (key) => this.get(key, block) }
  }

  /** Adds the changes of the next block. */
  apply(block: number, changes: StateChanges): void {
    for (const [key, value] of changes) {
      const versions = this.#history.get(key)
      if (versions) versions.push({ block, value })
      else {
        this.#history.set(key, [{ block, value }])
        this.#sortedKeys = null
      }
    }
    this.#changedKeys.set(block, [...changes.keys()])
  }

  /** Takes the changes of the newest block back. */
  revert(block: number): void {
    for (const key of this.#changedKeys.get(block) ?? []) {
      const versions = this.#history.get(key)
      versions?.pop()
      if (versions?.length === 0) this.#forget(key)
    }
    this.#changedKeys.delete(block)
  }

  /** Forgets what only blocks before that one could read. */
  prune(oldestBlock: number): void {
    for (const [block, keys] of this.#changedKeys) {
      if (block > oldestBlock) break
      for (const key of keys) this.#pruneKey(key, oldestBlock)
      this.#changedKeys.delete(block)
    }
  }

  /** Keys that begin with the prefix and have a value at that block, in order, after `start`. */
  listKeys(
    prefix: string,
    block: number,
    page: { readonly count: number; readonly start: string | null },
  ): string[] {
    this.#sortedKeys ??= [...this.#history.keys()].sort()
    const found: string[] = []
    for (const key of this.#sortedKeys) {
      if (found.length >= page.count) break
      if (!key.startsWith(prefix) || (page.start !== null && key <= page.start)) continue
      if (this.get(key, block) !== null) found.push(key)
    }
    return found
  }

  /** Everything that has a value at that block. */
  entries(block: number): [key: string, value: string][] {
    const entries: [string, string][] = []
    for (const key of this.#history.keys()) {
      const value = this.get(key, block)
      if (value !== null) entries.push([key, value])
    }
    return entries
  }

  #pruneKey(key: string, oldestBlock: number): void {
    const versions = this.#history.get(key)
    if (!versions) return
    let keepFrom = 0
    for (let index = 1; index < versions.length; index++) {
      const version = versions[index]
      if (version && version.block <= oldestBlock) keepFrom = index
    }
    versions.splice(0, keepFrom)
    const [only] = versions
    if (versions.length === 1 && only?.value === null && only.block <= oldestBlock) this.#forget(key)
  }

  #forget(key: string): void {
    this.#history.delete(key)
    this.#sortedKeys = null
  }
}
