/** Reads bits from the most significant end, as FLAC and AAC write them. */

/** Thrown when a stream ends inside a value. */
export class EndOfBits extends Error {
  override readonly name = 'EndOfBits'
}

export class BitReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  /** @param from - the first byte */
  constructor(bytes: Uint8Array, from = 0) {
    this.#bytes = bytes
    this.#at = from * 8
    this.#end = bytes.length * 8
  }

  /** The position in bits. */
  get position(): number {
    return this.#at
  }

  get left(): number {
    return this.#end - this.#at
  }

  /** Reads 0 to 32 bits as an unsigned number. @throws EndOfBits */
  read(count: number): number {
    if (count > 25) return this.read(count - 16) * 65_536 + this.read(16)
    const value = this.peek(count)
    this.skip(count)
    return value
  }

  /** Reads 1 to 32 bits as a number in two's complement. @throws EndOfBits */
  readSigned(count: number): number {
    const value = this.read(count)
    return value >= 2 ** (count - 1) ? value - 2 ** count : value
  }

  /** The next 0 to 25 bits; behind the end there are zeros. */
  peek(count: number): number {
    if (count === 0) return 0
    const byte = this.#at >>> 3
    const bytes = this.#bytes
    const word =
      ((bytes[byte] ?? 0) << 24) |
      ((bytes[byte + 1] ?? 0) << 16) |
      ((bytes[byte + 2] ?? 0) << 8) |
      (bytes[byte + 3] ?? 0)
    return (word << (this.#at & 7)) >>> (32 - count)
  }

  /** @throws EndOfBits */
  skip(count: number): void {
    this.#at += count
    if (this.#at > this.#end) throw new EndOfBits('The stream ends inside a value.')
  }

  /** Counts zeros up to and past the next one. @throws EndOfBits */
  readUnary(): number {
    for (let zeros = 0; ; ) {
      const ahead = this.peek(24)
      if (ahead !== 0) {
        const here = Math.clz32(ahead) - 8
        this.skip(here + 1)
        return zeros + here
      }
      this.skip(24)
      zeros += 24
    }
  }

  /** Goes on to the next whole byte. */
  align(): void {
    this.#at = Math.ceil(this.#at / 8) * 8
  }
}
