/** Reading and writing of plain bytes, little-endian as SCALE has them. */

/** Grows as it is written to. */
export class ByteSink {
  #buffer = new Uint8Array(256)
  #length = 0

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length] = value
    this.#length += 1
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
  }

  /** Writes the low `sizeBytes` bytes of a non-negative integer. */
  integer(value: number | bigint, sizeBytes: number): void {
    if (typeof value === 'number' && sizeBytes <= 4) {
      let rest = value
      for (let index = 0; index < sizeBytes; index++) {
        this.byte(rest & 0xff)
        rest >>>= 8
      }
      return
    }
    let rest = BigInt(value)
    for (let index = 0; index < sizeBytes; index++) {
      this.byte(Number(rest & 0xffn))
      rest >>= 8n
    }
  }

  /** A copy of what was written so far. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + count))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}

/** Reads from the front. Every read past the end throws. */
export class ByteSource {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  get offset(): number {
    return this.#offset
  }

  byte(): number {
    const value = this.#bytes[this.#offset]
    if (value === undefined) throw new Error('The bytes end too early.')
    this.#offset += 1
    return value
  }

  /** A view, not a copy. */
  bytes(count: number): Uint8Array {
    if (count > this.remaining) throw new Error('The bytes end too early.')
    const view = this.#bytes.subarray(this.#offset, this.#offset + count)
    this.#offset += count
    return view
  }

  /** Reads up to four bytes as a number. */
  small(sizeBytes: number): number {
    let value = 0
    for (let index = 0; index < sizeBytes; index++) value += this.byte() * 2 ** (8 * index)
    return value
  }

  big(sizeBytes: number): bigint {
    let value = 0n
    const view = this.bytes(sizeBytes)
    for (let index = sizeBytes - 1; index >= 0; index--) value = (value << 8n) | BigInt(view[index] ?? 0)
    return value
  }
}

/** `0x` and lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
}

/** @throws Error when the text is not `0x` and an even number of hex digits */
export function fromHex(text: string): Uint8Array {
  if (!/^0x([0-9a-f]{2})*$/i.test(text)) throw new Error('Not a hex text.')
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'))
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
