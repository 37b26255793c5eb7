/** Reads SCALE's little-endian integers from the front of some bytes. Every read past the end throws. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** A view, not a copy. */
  bytes(count: number): Uint8Array {
    if (count > this.remaining) throw new Error('The bytes end too early.')
    this.#offset += count
    return this.#bytes.subarray(this.#offset - count, this.#offset)
  }

  bool(): boolean {
    const byte = this.small(1)
    if (byte > 1) throw new Error('A boolean is neither 0 nor 1.')
    return byte === 1
  }

  /** An unsigned integer of one to four bytes. */
  small(sizeBytes: number): number {
    const bytes = this.bytes(sizeBytes)
    let value = 0
    for (let index = sizeBytes - 1; index >= 0; index--) value = value * 256 + (bytes[index] ?? 0)
    return value
  }

  /** An unsigned integer of any size. */
  big(sizeBytes: number): bigint {
    if (sizeBytes === 8) {
      if (this.remaining < 8) throw new Error('The bytes end too early.')
      this.#offset += 8
      return this.#view.getBigUint64(this.#offset - 8, true)
    }
    const bytes = this.bytes(sizeBytes)
    let value = 0n
    for (let index = sizeBytes - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index] ?? 0)
    return value
  }

  /** An integer in SCALE's compact form. */
  compact(): bigint {
    const first = this.small(1)
    switch (first & 3) {
      case 0:
        return BigInt(first >> 2)
      case 1:
        return BigInt((first >> 2) + this.small(1) * 64)
      case 2:
        return BigInt((first >> 2) + this.small(3) * 64)
      default:
        return this.big((first >> 2) + 4)
    }
  }

  /** A count of things that follow. @throws Error when there are not even that many bytes: a count that lies must not cost memory */
  count(): number {
    const count = this.compact()
    if (count > BigInt(this.remaining)) throw new Error('More items are announced than there are bytes.')
    return Number(count)
  }
}
