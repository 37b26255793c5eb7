/** The entry of the database's thread, bundled as the product is: a worker of Node 20 reads no TypeScript. */
import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

const ROOT = resolve(import.meta.dirname, '../../..')

/** Below `node_modules`, so that the bundle finds PGlite; survives, so that only the very first run pays for initdb. */
export const CACHE_DIRECTORY = join(ROOT, 'node_modules/.cache/yumagate')

let built: Promise<string> | null = null

/** Bundles it, once per process. @returns the path of the bundle */
export function threadFile(): Promise<string> {
  built ??= bundle()
  return built
}

async function bundle(): Promise<string> {
  const file = join(CACHE_DIRECTORY, 'pglite-thread.mjs')
  const temporary = join(CACHE_DIRECTORY, `.${process.pid}-${randomBytes(4).toString('hex')}.mjs`)
  await build({
    entryPoints: [join(ROOT, 'adapters/store/embedded/thread-main.ts')],
    outfile: temporary,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@electric-sql/pglite'],
  })
  // Other test processes may read it at this moment.
  renameSync(temporary, file)
  return file
}
