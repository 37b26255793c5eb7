/** Writes a file that is whole or not there: under `….part` first, on the disk before it gets its name, for its owner alone. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError } from './admin-client.ts'

const PROGRESS_BYTES = 16 * 1024 * 1024

export type SaveFileOptions = {
  readonly file: string
  /** Produces the bytes. */
  readonly produce: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>
  /** Looks at the part before it gets its name; throws when it is not what it should be. */
  readonly check?: (part: string) => Promise<void>
  readonly progress: (line: string) => void
}

/** @returns bytes written. @throws CommandError the file cannot be written */
export async function saveFile({ file, produce, check, progress }: SaveFileOptions): Promise<number> {
  const part = `${file}.part`
  let sizeBytes = 0
  let toldBytes = 0
  try {
    const handle = await openPart(part)
    try {
      await produce(async (bytes) => {
        await handle.writeFile(bytes)
        sizeBytes += bytes.length
        if (sizeBytes - toldBytes < PROGRESS_BYTES) return
        toldBytes = sizeBytes
        progress(`  ${Math.trunc(sizeBytes / 1e6)} MB written`)
      })
      await handle.sync()
    } finally {
      await handle.close()
    }
    await check?.(part)
    await rename(part, file)
    await syncFolder(dirname(file))
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  return sizeBytes
}

async function openPart(part: string): Promise<FileHandle> {
  await rm(part, { force: true })
  return open(part, 'wx', 0o600).catch((cause: unknown) => {
    throw new CommandError(
      `${part} cannot be written: ${cause instanceof Error ? cause.message : 'no rights'}`,
    )
  })
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
