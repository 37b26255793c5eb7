/** The lines of a backup file, which fail at the end unless every byte of the file is as it was written. */
import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { checkSeal, damaged, SEAL_BYTES } from './seal.ts'

export type OpenBytes = () => AsyncIterable<Uint8Array>

/** Lines in groups, as they come. @throws BackupError at the latest after the last one, when the file is not whole */
export async function* readLines(open: OpenBytes): AsyncIterable<readonly string[]> {
  const end = { seal: Buffer.alloc(0), hash: createHash('sha256') }
  const gunzip = createGunzip()
  const source = Readable.from(withoutSeal(open(), end))
  source.on('error', (error) => gunzip.destroy(error))
  source.pipe(gunzip)
  let lines = 0
  let rest: Buffer[] = []
  try {
    for await (const part of gunzip) {
      const bytes: Buffer = part
      const last = bytes.lastIndexOf(0x0a)
      if (last === -1) {
        rest.push(bytes)
        continue
      }
      const whole = Buffer.concat([...rest, bytes.subarray(0, last)])
        .toString('utf8')
        .split('\n')
      rest = [bytes.subarray(last + 1)]
      lines += whole.length
      yield whole
    }
  } catch (error) {
    throw isOfData(error) ? damaged(error) : error
  } finally {
    source.destroy()
    gunzip.destroy()
  }
  if (rest.some(({ length }) => length > 0)) throw damaged()
  checkSeal(end.seal, { lines, sha256: end.hash.digest('hex') })
}

/** Hands on all but the last bytes, which it keeps. */
async function* withoutSeal(
  bytes: AsyncIterable<Uint8Array>,
  end: { seal: Buffer; readonly hash: Hash },
): AsyncIterable<Uint8Array> {
  for await (const part of bytes) {
    const all = Buffer.concat([end.seal, part])
    const length = Math.max(0, all.length - SEAL_BYTES)
    end.seal = all.subarray(length)
    if (length === 0) continue
    const ready = all.subarray(0, length)
    end.hash.update(ready)
    yield ready
  }
}

/** What zlib says of bytes that are no gzip, or end too early. */
const isOfData = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
