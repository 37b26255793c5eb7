import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServerStore } from '../../../../adapters/store/server/open-server-store.ts'
import { fakeBlobs } from '../../../fakes/blobs.ts'
import { makeDatabase, SERVER_URL } from '../own-database.ts'
import { openEmbeddedAt, temporaryDirectory } from '../stores.ts'
import { CACHE_DIRECTORY, threadFile } from '../thread-file.ts'
import { makeBackup, openEmbedded, restoreBackup, useStore } from './used-store.ts'

/** After so many tables and contents the restore is killed. */
const MOMENTS = [1, 8, 17, 18]

const directory = await temporaryDirectory()
const script = join(CACHE_DIRECTORY, `restore-child-${process.pid}.mjs`)
const file = join(directory, 'copy.backup')
let backup: Buffer

beforeAll(async () => {
  const from = await openEmbedded()
  await useStore(from)
  backup = await makeBackup(from)
  writeFileSync(file, backup)
  await from.close()
  await build({
    entryPoints: [join(import.meta.dirname, 'restore-child.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`,
    },
  })
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
  rmSync(script, { force: true })
})

/** @returns what it said before it was killed */
async function runUntilKilled(place: string, lines: number): Promise<readonly string[]> {
  const child = spawn(
    process.execPath,
    [script, file, place, String(lines), await threadFile(), CACHE_DIRECTORY],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const said: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  })
  await new Promise((done) => child.once('exit', done))
  return said
}

it('a restore into an embedded store that is killed leaves an empty one, into which it can be done again', async () => {
  const target = join(directory, 'target')
  for (const lines of MOMENTS) {
    const said = await runUntilKilled(target, lines)
    expect(said).toHaveLength(lines)
    expect(said).not.toContain('restored')
    const { store } = await openEmbeddedAt(target)
    expect(await store.accounts.list()).toEqual([])
    await store.lifecycle.close()
  }
  const opened = await openEmbeddedAt(target)
  const query = async () => []
  const to = {
    ...opened,
    query,
    blobs: fakeBlobs(),
  }
  const report = await restoreBackup(backup, { ...to, writeContent: to.blobs.write, close: async () => {} })
  expect(report.books.holds).toBe(true)
  await opened.store.lifecycle.close()
}, 300_000)

describe.skipIf(SERVER_URL === null)('on Postgres (TEST_DATABASE_URL)', () => {
  it('a restore that is killed leaves an empty store, files included, into which it can be done again', async () => {
    const own = await makeDatabase()
    for (const lines of MOMENTS) {
      const said = await runUntilKilled(JSON.stringify(own.server), lines)
      expect(said).not.toContain('restored')
    }
    const opened = await openServerStore({
      server: own.server,
      poolMax: 5,
      hasQueue: false,
      processId: 'next',
    })
    expect(await opened.store.accounts.list()).toEqual([])
    expect(await own.query('select key from yumagate.blob')).toEqual([])
    const report = await restoreBackup(backup, {
      ...{ ...opened, query: own.query, writeContent: null, close: async () => {} },
    })
    expect(report.books.holds).toBe(true)
    await opened.store.lifecycle.close()
    await own.drop()
  }, 300_000)
})
