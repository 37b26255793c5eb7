/** Writes src/http/generated/api.d.ts from openapi.yaml; `--check` only compares and fails when they differ. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const target = 'src/http/generated/api.d.ts'
const written = execFileSync(
  'node_modules/.bin/openapi-typescript',
  ['openapi.yaml', '--root-types', '--root-types-no-schema-prefix'],
  {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'ignore'],
  },
)
if (process.argv.includes('--check')) {
  if (!existsSync(target) || readFileSync(target, 'utf8') !== written) {
    console.error(`${target} does not match openapi.yaml: run npm run generate`)
    process.exit(1)
  }
} else {
  mkdirSync('src/http/generated', { recursive: true })
  writeFileSync(target, written)
}
