/**
 * Copies the packages that the bundle loads at run time, and what these need, into a folder of their own: the container's image carries
 * no others. Natives of other platforms stay behind.
 *
 *   node scripts/runtime-packages.mjs DIRECTORY     writes DIRECTORY/node_modules
 */
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXTERNAL } from '../build.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * The installed packages that the bundle loads, with everything they depend on.
 *
 * @param lock - package-lock.json
 * @param isInstalled - whether a folder of the lock is there: packages of other platforms are not
 * @returns folders such as `node_modules/sharp`, sorted
 */
export function listRuntimePackages(lock, isInstalled) {
  const { packages } = lock
  const found = new Set()
  const add = (from, name) => {
    const folder = resolvePackage(packages, from, name)
    if (folder === null || found.has(folder) || !isInstalled(folder)) return
    found.add(folder)
    const { dependencies, optionalDependencies, peerDependencies } = packages[folder]
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      add(folder, needed)
    }
  }
  for (const pattern of EXTERNAL) {
    const isScope = pattern.endsWith('/*')
    const names = isScope
      ? Object.keys(packages)
          .filter((folder) => folder.startsWith(`node_modules/${pattern.slice(0, -1)}`))
          .map((folder) => folder.slice('node_modules/'.length))
      : [pattern]
    for (const name of names) add('', name)
  }
  return [...found].sort()
}

/** As Node does: beside the package that asks, then further out. */
function resolvePackage(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    if (candidate in packages) return candidate
    if (folder === '') return null
  }
}

/** Whether a file is of use here: onnxruntime-node brings the libraries of every platform along. */
export function isForPlatform(path, { platform, arch }) {
  const [, system, processor] = /onnxruntime-node\/bin\/[^/]+\/([^/]+)(?:\/([^/]+))?/.exec(path) ?? []
  if (system === undefined) return true
  return system === platform && (processor === undefined || processor === arch)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , target] = process.argv
  if (target === undefined) throw new Error('Name the folder to write to.')
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const folders = listRuntimePackages(lock, (folder) => existsSync(join(root, folder, 'package.json')))
  for (const folder of folders) {
    cpSync(join(root, folder), join(resolve(target), folder), {
      recursive: true,
      // Packages inside of this one are in the list by themselves when they are needed.
      filter: (source) =>
        !source.slice(join(root, folder).length).startsWith(`${sep}node_modules`) &&
        isForPlatform(source.replaceAll(sep, '/'), process),
    })
  }
  process.stderr.write(
    `${folders.length} packages: ${folders.map((folder) => folder.slice(13)).join(', ')}\n`,
  )
}
