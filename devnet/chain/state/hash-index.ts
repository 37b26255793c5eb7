/** Hash of every block there ever was, 32 bytes each, in order of number: a cursor may name a block of long ago. */
import { closeSync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs'
import { fromHex, toHex } from '../scale/bytes.ts'

const HASH_BYTES = 32

export class HashIndex {
  readonly #file: number

  constructor(path: string) {
    // `a` would ignore positions; `r+` needs the file to be there.
    closeSync(openSync(path, 'a'))
    this.#file = openSync(path, 'r+')
  }

  set(number: number, hash: string): void {
    writeSync(this.#file, fromHex(hash), 0, HASH_BYTES, number * HASH_BYTES)
  }

  /** Null beyond the end. */
  get(number: number): string | null {
    const bytes = new Uint8Array(HASH_BYTES)
    const count = readSync(this.#file, bytes, 0, HASH_BYTES, number * HASH_BYTES)
    return count === HASH_BYTES ? toHex(bytes) : null
  }

  sync(): void {
    fdatasyncSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}
