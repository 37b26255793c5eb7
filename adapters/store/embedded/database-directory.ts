/**
 * Makes the database's directory at the first start: from a packed template when there is one (about 1 s), else with initdb inside of
 * WebAssembly (about 5 s), which leaves a template for the next time.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { mkdir, open, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, brotliDecompressSync, constants } from 'node:zlib'
import { packDirectory, unpackArchive } from './archive.ts'
import { openDatabase } from './open-database.ts'

const compress = promisify(brotliCompress)

/**
 * Makes `directory` unless it exists. It appears whole or not at all: a kill in between leaves only a folder `….new`, which the next
 * start removes.
 *
 * @returns writes the template, to be called when there is time for it; null when there is nothing to write
 */
export async function prepareDatabaseDirectory(
  directory: string,
  templateFile: string | null,
): Promise<(() => Promise<void>) | null> {
  const fresh = `${directory}.new`
  rmSync(fresh, { recursive: true, force: true })
  if (existsSync(directory)) return null
  await mkdir(dirname(directory), { recursive: true })
  const isUnpacked = templateFile !== null && unpackTemplate(templateFile, fresh)
  if (!isUnpacked) {
    const database = await openDatabase(fresh)
    await database.close()
  }
  const archive = templateFile !== null && !isUnpacked ? packDirectory(fresh) : null
  await syncTree(fresh)
  renameSync(fresh, directory)
  await syncPath(dirname(directory))
  if (templateFile === null || archive === null) return null
  return () => writeTemplate(templateFile, archive)
}

/** @returns false when there is none, or it cannot be used: a template is a convenience, never a reason not to start */
function unpackTemplate(templateFile: string, directory: string): boolean {
  if (!existsSync(templateFile)) return false
  try {
    unpackArchive(brotliDecompressSync(readFileSync(templateFile)), directory)
    return true
  } catch {
    // Damaged: initdb makes the directory, and the template anew.
    rmSync(directory, { recursive: true, force: true })
    return false
  }
}

async function writeTemplate(templateFile: string, archive: Buffer): Promise<void> {
  // Quality 5 makes 2 MB out of 30 MB in half a second; 11 would take a minute for 1.5 MB.
  const packed = await compress(archive, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
  const temporary = join(dirname(templateFile), `.${basename(templateFile)}.${process.pid}`)
  await mkdir(dirname(templateFile), { recursive: true })
  await writeFile(temporary, packed)
  await rename(temporary, templateFile)
}

/** The files came by ordinary writes: they must be on the disk before the first commit is acknowledged. */
async function syncTree(directory: string): Promise<void> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(directory, name),
  )
  const rest = [directory, ...paths].values()
  // As many at once as Node has threads for files.
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const path of rest) await syncPath(path)
    }),
  )
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
