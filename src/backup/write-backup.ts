/** Writes a backup as the bytes of its file: gzip of lines of JSON, then the seal. Text formats live long: any version can read them. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createGzip, type Gzip } from 'node:zlib'
import { GatewayError } from '../errors.ts'
import type { StoreBackup } from '../ports/backup.ts'
import type { Blobs } from '../ports/store.ts'
import { writeSeal } from './seal.ts'

/** Of the format, not of the schema. */
export const FORMAT = 'yumagate-backup'
export const FORMAT_VERSION = 1

/** Of base64 that one line carries: a multiple of three, so that the texts can be joined. */
const CHUNK_BYTES = 3 * 256 * 1024

/** Fast rather than small: a gateway compresses it beside its work. */
const LEVEL = 3

export type WriteBackupOptions = {
  readonly backup: Pick<StoreBackup, 'read'>
  readonly blobs: Pick<Blobs, 'read'>
  /** Of the gateway. */
  readonly version: string
}

/**
 * Lines: a header object; `["table", name]` before the rows of each table, which are objects; `["content", key, bytes, sha256]` before the
 * base64 of each stored file, `["chunk", text]`, or `["gone", key]`.
 *
 * @param write - gets bytes in order and resolves when more may come
 */
export async function writeBackup(
  { backup, blobs, version }: WriteBackupOptions,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256')
  const gzip = createGzip({ level: LEVEL })
  const drained = (async () => {
    for await (const bytes of gzip) {
      hash.update(bytes)
      await write(bytes)
    }
  })()
  const gone = new AbortController()
  drained.catch(() => gone.abort())
  const lines = new LineWriter(gzip, gone.signal)
  try {
    await writeRows(lines, { backup, blobs, version })
    gzip.end()
  } catch (error) {
    const isReaderGone = gone.signal.aborted
    gzip.destroy()
    const failure = await drained.catch((reason: unknown) => reason)
    throw isReaderGone ? failure : error
  }
  await drained
  await write(writeSeal({ lines: lines.count, sha256: hash.digest('hex') }))
}

async function writeRows(lines: LineWriter, { backup, blobs, version }: WriteBackupOptions): Promise<void> {
  let current = ''
  const keys: string[] = []
  await backup.read({
    moment: (moment) =>
      lines.write([JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, gateway: version, ...moment })]),
    async rows(table, rows) {
      if (table !== current) await lines.write([JSON.stringify(['table', table])])
      current = table
      await lines.write(rows)
      // The row of a file names its content.
      if (table === 'file') for (const row of rows) keys.push(String(JSON.parse(row).id))
    },
  })
  for (const key of keys) await writeContent(lines, key, blobs)
}

async function writeContent(lines: LineWriter, key: string, blobs: Pick<Blobs, 'read'>): Promise<void> {
  const content = await blobs.read(key).catch((error: unknown) => {
    // Removed by its owner since its row was read.
    if (error instanceof GatewayError && error.code === 'not_found') return null
    throw error
  })
  if (content === null) return lines.write([JSON.stringify(['gone', key])])
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await lines.write([JSON.stringify(['content', key, bytes.length, sha256])])
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    const text = bytes.toString('base64', start, Math.min(start + CHUNK_BYTES, bytes.length))
    await lines.write([JSON.stringify(['chunk', text])])
  }
}

/** Waits for a reader that is slower, and fails when it has left. */
class LineWriter {
  readonly #gzip: Gzip
  readonly #gone: AbortSignal
  count = 0

  constructor(gzip: Gzip, gone: AbortSignal) {
    this.#gzip = gzip
    this.#gone = gone
  }

  async write(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return
    this.#gone.throwIfAborted()
    this.count += lines.length
    if (!this.#gzip.write(`${lines.join('\n')}\n`)) await once(this.#gzip, 'drain', { signal: this.#gone })
  }
}
