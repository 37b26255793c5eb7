/**
 * Server-sent events → data payloads, over buffers as they come off the wire.
 *
 * A chunk is decoded once, up to its last line feed (which is never inside a multi-byte character), and cut as text. Tolerated, since
 * miners in the field do it: CR LF, no space after the colon, no blank line between or after events, comments, empty events, a byte order
 * mark. A data line that is a whole JSON object by its ends is handed on at once; others wait for their event's blank line and are joined.
 */

/** Takes a payload. Payloads are trimmed and never empty. */
type OnPayload = (payload: string) => void

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const OPENING_BRACE = 123
const CLOSING_BRACE = 125

export class EventLines {
  readonly #onPayload: OnPayload
  readonly #lineBytesMax: number
  #pieces: Buffer[] = []
  #pieceBytes = 0
  #joined = ''
  #isFirst = true

  constructor(lineBytesMax: number, onPayload: OnPayload) {
    this.#lineBytesMax = lineBytesMax
    this.#onPayload = onPayload
  }

  /** @returns false when a line or event is longer than allowed; nothing may be pushed after that */
  push(chunk: Buffer): boolean {
    const end = chunk.lastIndexOf(LINE_FEED)
    if (end === -1) return this.#keep(chunk)
    if (this.#pieces.length === 0) {
      this.#readLines(chunk.toString('utf8', 0, end))
    } else {
      if (!this.#keep(chunk.subarray(0, end))) return false
      this.#readLines(this.#takePieces())
    }
    return this.#joined.length <= this.#lineBytesMax && this.#keep(chunk.subarray(end + 1))
  }

  /** Reads what stands after the last line feed, as the stream has ended. */
  end(): void {
    this.#readLines(this.#takePieces())
    this.#dispatchJoined()
  }

  #keep(piece: Buffer): boolean {
    if (piece.length > 0) {
      this.#pieces.push(piece)
      this.#pieceBytes += piece.length
    }
    return this.#pieceBytes <= this.#lineBytesMax
  }

  #takePieces(): string {
    const only = this.#pieces.length === 1 ? this.#pieces[0] : undefined
    const text = (only ?? Buffer.concat(this.#pieces)).toString()
    this.#pieces = []
    this.#pieceBytes = 0
    return text
  }

  #readLines(text: string): void {
    let start = this.#isFirst && text.charCodeAt(0) === 0xfeff ? 1 : 0
    this.#isFirst = false
    while (start <= text.length) {
      const found = text.indexOf('\n', start)
      const next = found === -1 ? text.length : found
      const end = text.charCodeAt(next - 1) === CARRIAGE_RETURN ? next - 1 : next
      if (end <= start) this.#dispatchJoined()
      else if (text.startsWith('data:', start)) this.#readData(text, start + 5, end)
      start = next + 1
    }
  }

  #readData(text: string, start: number, end: number): void {
    const from = text.charCodeAt(start) === SPACE ? start + 1 : start
    const data = text.slice(from, end)
    const isWhole = data.charCodeAt(0) === OPENING_BRACE && data.charCodeAt(data.length - 1) === CLOSING_BRACE
    if (isWhole && this.#joined === '') this.#onPayload(data)
    else if (this.#joined === '' && data.trim() === '[DONE]') this.#onPayload('[DONE]')
    else this.#joined += this.#joined === '' ? data : `\n${data}`
  }

  #dispatchJoined(): void {
    if (this.#joined === '') return
    const payload = this.#joined.trim()
    this.#joined = ''
    if (payload !== '') this.#onPayload(payload)
  }
}
