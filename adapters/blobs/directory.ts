/** Binary content as files of a directory. A file appears whole or not at all, and is on the disk when `write` resolves. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GatewayError } from '../../src/errors.ts'
import type { Blobs } from '../../src/ports/store.ts'

const KEY = /^[a-z0-9_-]{1,200}$/

/** What `write` names a file before it is whole. */
const TEMPORARY = /^\.[0-9a-f]{18}$/

const KEYS_PER_BATCH = 200

/**
 * @param directory - made when the first content is written
 * @param wallMs - milliseconds since 1970, as the directory's file system has them
 */
export function directoryBlobs(directory: string, wallMs: () => number = Date.now): Blobs {
  const root = resolve(directory)
  return {
    async write(key, bytes) {
      if (!KEY.test(key)) throw new GatewayError('internal_error', 'A key of stored content is malformed.')
      await mkdir(root, { recursive: true, mode: 0o700 })
      // A dot begins no key: what a crash leaves behind is never read.
      const temporary = join(root, `.${randomBytes(9).toString('hex')}`)
      try {
        const file = await open(temporary, 'wx', 0o600)
        try {
          await file.writeFile(bytes)
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(temporary, join(root, key))
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
      await syncDirectory(root)
    },
    async read(key) {
      if (!KEY.test(key)) throw notFound()
      try {
        return new Uint8Array(await readFile(join(root, key)))
      } catch (error) {
        if (isMissing(error)) throw notFound()
        throw error
      }
    },
    async remove(key) {
      if (!KEY.test(key)) throw notFound()
      await rm(join(root, key), { force: true })
    },
    async *listOld(ageMs) {
      let keys: string[] = []
      for await (const name of listNames(root)) {
        if ((await readWrittenMs(join(root, name))) >= wallMs() - ageMs) continue
        if (TEMPORARY.test(name)) await rm(join(root, name), { force: true })
        if (KEY.test(name)) keys.push(name)
        if (keys.length < KEYS_PER_BATCH) continue
        yield keys
        keys = []
      }
      if (keys.length > 0) yield keys
    },
  }
}

/** Nothing when there is no such directory. */
async function* listNames(directory: string): AsyncIterable<string> {
  try {
    for await (const entry of await opendir(directory)) if (entry.isFile()) yield entry.name
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** Milliseconds since 1970; in the future when it is gone already. */
async function readWrittenMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (isMissing(error)) return Number.POSITIVE_INFINITY
    throw error
  }
}

/** The name must be on the disk too, or a power cut may lose the file that was written. */
async function syncDirectory(directory: string): Promise<void> {
  const file = await open(directory, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

const notFound = (): GatewayError => new GatewayError('not_found', 'There is no such content.')

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'
