/** An append-only file of lines with checksums, whose torn tail is cut off when it is opened. */
import { type FileHandle, open, readFile, truncate } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

/** Hex digits of the checksum in front of each line, and the space behind it. */
const PREFIX_LENGTH = 9

/** A line in the middle of a log is damaged: what was promised to be kept is lost. */
export class DamagedLogError extends Error {
  override readonly name = 'DamagedLogError'
}

export class LineLog {
  readonly #file: FileHandle
  #sizeBytes: number
  #isBroken = false

  private constructor(file: FileHandle, sizeBytes: number) {
    this.#file = file
    this.#sizeBytes = sizeBytes
  }

  /**
   * Opens, or makes, a log and reads its lines. What follows the last whole line is cut off: the process ended while it was written.
   *
   * @throws DamagedLogError when whole lines follow a damaged one
   */
  static async open(path: string): Promise<{ readonly log: LineLog; readonly lines: readonly string[] }> {
    const { lines, sizeBytes, fileBytes } = await readChecksummedLines(path)
    if (sizeBytes < fileBytes) await truncate(path, sizeBytes)
    return { log: new LineLog(await open(path, 'a'), sizeBytes), lines }
  }

  /** Appends lines. They are on the disk when it resolves; when it rejects, none of them will be read. */
  async append(lines: readonly string[]): Promise<void> {
    if (this.#isBroken) throw new Error('The log could not be mended after an error.')
    const bytes = Buffer.from(lines.map(addChecksum).join(''))
    try {
      await this.#file.appendFile(bytes)
      await this.#file.datasync()
      this.#sizeBytes += bytes.length
    } catch (error) {
      this.#isBroken = true
      await this.#file.truncate(this.#sizeBytes)
      this.#isBroken = false
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** The line as it stands in the file. */
export function addChecksum(line: string): string {
  return `${checksum(line)} ${line}\n`
}

/**
 * Reads the whole lines of a file; none when there is no file. `sizeBytes` is where they end.
 *
 * @throws DamagedLogError when whole lines follow a damaged one
 */
export async function readChecksummedLines(path: string): Promise<{
  readonly lines: readonly string[]
  readonly sizeBytes: number
  readonly fileBytes: number
}> {
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  const lines: string[] = []
  let sizeBytes = 0
  while (sizeBytes < content.length) {
    const end = content.indexOf(0x0a, sizeBytes)
    if (end === -1) break
    const text = content.toString('utf8', sizeBytes, end)
    const line = text.slice(PREFIX_LENGTH)
    if (text.slice(0, PREFIX_LENGTH) !== `${checksum(line)} `) {
      if (end + 1 < content.length) throw new DamagedLogError(`${path} is damaged at byte ${sizeBytes}.`)
      break
    }
    lines.push(line)
    sizeBytes = end + 1
  }
  return { lines, sizeBytes, fileBytes: content.length }
}

function checksum(line: string): string {
  return crc32(line).toString(16).padStart(8, '0')
}
