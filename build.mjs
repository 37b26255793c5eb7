/**
 * Bundles the program into dist/, flat, one file per entry, so that it starts fast. Does nothing when the stamp in dist/ is current:
 * the stamp is a hash of every source, the lock file, the Node version and the target.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))
const TARGET = 'node20.19'

/** Every program of its own: the gateway with its commands, worker threads, child processes. */
const ENTRIES = {
  main: 'src/main.ts',
  'store-thread': 'adapters/store/embedded/thread-main.ts',
  'decode-thread': 'adapters/media/decode-main.ts',
  devnet: 'devnet/main.ts',
  render: 'devnet/experts/image/render-main.ts',
}

/** Native or WebAssembly packages that find their files beside themselves, and those whose bundling changes what they do. */
export const EXTERNAL = [
  '@electric-sql/pglite',
  'onnxruntime-node',
  'sharp',
  '@resvg/resvg-js',
  'tesseract.js',
  '@tesseract.js-data/eng',
  'mediabunny',
  'mpg123-decoder',
  'opus-decoder',
  '@wasm-audio-decoders/*',
  'codec-parser',
  'pg-native',
  // Optional add-ons for photographs: used when somebody installed them.
  '@tensorflow/*',
  '@vladmandic/*',
]

function sources() {
  const files = ['package-lock.json', 'build.mjs']
  for (const room of ['src', 'routers', 'adapters', 'devnet']) {
    for (const name of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })) {
      if (/\.ts$/.test(name)) files.push(join(room, name))
    }
  }
  return files.sort()
}

function stamp() {
  const hash = createHash('sha256').update(
    `${process.version} ${TARGET} ${process.platform}-${process.arch}\n`,
  )
  for (const file of sources()) hash.update(`${file}\n`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** Builds when needed. @returns whether it built */
export async function build({ force = false } = {}) {
  const current = stamp()
  const stampFile = join(root, 'dist', 'stamp')
  if (!force && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === current) return false
  const { build: bundle } = await import('esbuild')
  mkdirSync(join(root, 'dist'), { recursive: true })
  await bundle({
    absWorkingDir: root,
    entryPoints: Object.entries(ENTRIES).map(([out, path]) => ({ out, in: path })),
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: TARGET,
    format: 'esm',
    external: EXTERNAL,
    sourcemap: 'linked',
    sourcesContent: false,
    minifySyntax: true,
    keepNames: false,
    logLevel: 'warning',
    legalComments: 'none',
    // Some packages in the bundle are CommonJS and call require().
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  })
  const written = `${stampFile}.${process.pid}`
  writeFileSync(written, current)
  renameSync(written, stampFile)
  return true
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now()
  const quiet = process.env.npm_lifecycle_event === 'start' && process.argv.includes('--json')
  if ((await build({ force: process.argv.includes('--force') })) && !quiet) {
    process.stderr.write(`built dist/ in ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  }
}
