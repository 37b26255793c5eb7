/** Which packages the container's image carries. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')

type Lock = { readonly packages: Readonly<Record<string, object>> }

const {
  listRuntimePackages,
  isForPlatform,
}: {
  listRuntimePackages: (lock: Lock, isInstalled: (folder: string) => boolean) => string[]
  isForPlatform: (path: string, platform: { platform: string; arch: string }) => boolean
} = await import(resolve(ROOT, 'scripts/runtime-packages.mjs'))

const lock: Lock = JSON.parse(readFileSync(resolve(ROOT, 'package-lock.json'), 'utf8'))
const isInstalled = (folder: string) => existsSync(resolve(ROOT, folder, 'package.json'))

describe('the packages of the image', () => {
  it('are those that the bundle loads, and what these need', () => {
    const found = listRuntimePackages(lock, isInstalled)
    for (const name of [
      'onnxruntime-node',
      'onnxruntime-common',
      'sharp',
      'detect-libc',
      'tesseract.js-core',
    ])
      expect(found).toContain(`node_modules/${name}`)
  })

  it('are nothing that is in the bundle, builds it or tests it', () => {
    const found = listRuntimePackages(lock, isInstalled)
    for (const name of [
      'hono',
      'bullmq',
      '@polkadot/api',
      'gpt-tokenizer',
      'esbuild',
      'vitest',
      'typescript',
    ])
      expect(found).not.toContain(`node_modules/${name}`)
  })

  it('are found beside the one that asks before further out, as Node finds them', () => {
    const packages = {
      'node_modules/sharp': { dependencies: { a: '1', b: '1' } },
      'node_modules/sharp/node_modules/a': { dependencies: { b: '1' } },
      'node_modules/a': {},
      'node_modules/b': {},
    }
    expect(listRuntimePackages({ packages }, () => true)).toEqual([
      'node_modules/b',
      'node_modules/sharp',
      'node_modules/sharp/node_modules/a',
    ])
  })

  it('are none of another platform, which are in the lock but not installed', () => {
    const packages = {
      'node_modules/sharp': { optionalDependencies: { '@img/linux': '1', '@img/darwin': '1' } },
      'node_modules/@img/linux': {},
      'node_modules/@img/darwin': {},
    }
    expect(listRuntimePackages({ packages }, (folder) => !folder.includes('darwin'))).toEqual([
      'node_modules/@img/linux',
      'node_modules/sharp',
    ])
  })

  it('come once when two need each other', () => {
    const packages = {
      'node_modules/sharp': { dependencies: { a: '1' } },
      'node_modules/a': { peerDependencies: { sharp: '1' } },
    }
    expect(listRuntimePackages({ packages }, () => true)).toEqual(['node_modules/a', 'node_modules/sharp'])
  })
})

it.each([
  ['/app/node_modules/onnxruntime-node/bin/napi-v6/linux', true],
  ['/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1', true],
  ['/app/node_modules/onnxruntime-node/bin/napi-v6/linux/arm64', false],
  ['/app/node_modules/onnxruntime-node/bin/napi-v6/win32', false],
  ['/app/node_modules/onnxruntime-node/bin/napi-v6/darwin/arm64/x.node', false],
  ['/app/node_modules/onnxruntime-node/dist/index.js', true],
  ['/app/node_modules/sharp/lib/index.js', true],
])('%s is for linux on x64: %s', (path, expected) => {
  expect(isForPlatform(path, { platform: 'linux', arch: 'x64' })).toBe(expected)
})
