/** The elements of Matroska and WebM files. Source: RFC 8794 (EBML) and RFC 9559 (Matroska). */

export type Element = {
  readonly id: number
  /** Where the content starts. */
  readonly from: number
  /** Where it ends; of an element of unknown size, and of one that is cut off, the end of the file. */
  readonly to: number
}

/** @returns null when no element starts at `at` */
export function readElement(bytes: Uint8Array, at: number, end: number): Element | null {
  const idBytes = Math.clz32((bytes[at] ?? 0) << 24) + 1
  if (idBytes > 4 || at + idBytes >= end) return null
  let id = 0
  for (let index = 0; index < idBytes; index += 1) id = id * 256 + (bytes[at + index] ?? 0)
  const size = readVint(bytes, at + idBytes)
  if (!size || at + idBytes + size.width > end) return null
  const from = at + idBytes + size.width
  return { id, from, to: size.value === null ? end : Math.min(end, from + size.value) }
}

/** A number of 1 to 8 bytes. `value` is null when all its bits are ones: unknown. */
export function readVint(bytes: Uint8Array, at: number): { value: number | null; width: number } | null {
  const first = bytes[at]
  if (!first) return null
  const width = Math.clz32(first << 24) + 1
  if (at + width > bytes.length) return null
  let value = first & (0xff >> width)
  let isUnknown = value === 0xff >> width
  for (let index = 1; index < width; index += 1) {
    const byte = bytes[at + index] ?? 0
    isUnknown &&= byte === 0xff
    value = value * 256 + byte
  }
  return { value: isUnknown ? null : value, width }
}

/** The elements directly inside of another one. */
export function* readChildren(bytes: Uint8Array, parent: { from: number; to: number }): Generator<Element> {
  for (let at = parent.from; at < parent.to; ) {
    const element = readElement(bytes, at, parent.to)
    if (!element) return
    yield element
    at = element.to
  }
}

/** @returns an unsigned number of up to 8 bytes */
export function readNumber(bytes: Uint8Array, element: Element): number {
  let value = 0
  for (let at = element.from; at < Math.min(element.to, element.from + 8); at += 1)
    value = value * 256 + (bytes[at] ?? 0)
  return value
}

/** @returns a number in two's complement of up to 6 bytes, else 0 */
export function readSignedNumber(bytes: Uint8Array, element: Element): number {
  const width = element.to - element.from
  const value = readNumber(bytes, element)
  if (width < 1 || width > 6) return 0
  return value >= 2 ** (8 * width - 1) ? value - 2 ** (8 * width) : value
}

/** @returns a float of 4 or 8 bytes, else 0 */
export function readFloat(bytes: Uint8Array, element: Element): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = element.to - element.from
  if (width === 4) return view.getFloat32(element.from)
  return width === 8 ? view.getFloat64(element.from) : 0
}

export function readText(bytes: Uint8Array, element: Element): string {
  return new TextDecoder()
    .decode(bytes.subarray(element.from, Math.min(element.to, element.from + 256)))
    .replace(/\0.*$/s, '')
}
