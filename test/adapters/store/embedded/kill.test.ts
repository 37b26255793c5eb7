import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { afterAll, expect, it } from 'vitest'
import { openEmbeddedAt, temporaryDirectory } from '../stores.ts'
import { CACHE_DIRECTORY, threadFile } from '../thread-file.ts'

const KILLS = 20
const directory = await temporaryDirectory()
afterAll(() => rmSync(directory, { recursive: true, force: true }))

it(`a process killed at ${KILLS} random moments loses nothing that it acknowledged, and the books balance`, async () => {
  const seed = Date.now() % 2 ** 31
  console.log(`kill.test seed ${seed}`)
  const random = generator(seed)
  const script = join(CACHE_DIRECTORY, `kill-child-${process.pid}.mjs`)
  await build({
    entryPoints: [join(import.meta.dirname, 'kill-child.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`,
    },
  })
  const worker = await threadFile()
  const said: string[] = []
  for (let round = 0; round < KILLS; round += 1) {
    const lines = 1 + Math.floor(random() ** 2 * 300)
    const parameters = [script, directory, worker, CACHE_DIRECTORY, `process-${round}`]
    said.push(...(await runUntilKilled(parameters, lines)))
  }
  rmSync(script)

  const { store, queuePool } = await openEmbeddedAt(directory, { processId: 'the-last' })
  const { rows } = await queuePool.query(
    'select id, captured::text, released::text, closed_at from yumagate.hold',
  )
  const holds = new Map(rows.map((row) => [row.id, row]))
  const acknowledged = { held: 0, settled: 0, voided: 0, closed: 0 }
  for (const line of said) {
    const [word, id, captured] = line.split(' ')
    if (word === 'customer') continue
    acknowledged[word as keyof typeof acknowledged] += 1
    const hold = holds.get(id)
    expect(hold, line).toBeDefined()
    if (word === 'settled')
      expect(hold, line).toMatchObject({ captured, released: String(1000 - Number(captured)) })
    if (word === 'voided') expect(hold, line).toMatchObject({ captured: '0', released: '1000' })
    if (word !== 'held') expect(hold.closed_at, line).not.toBeNull()
  }
  console.log(`acknowledged ${JSON.stringify(acknowledged)}`)
  expect(acknowledged.held).toBeGreaterThan(KILLS)
  expect(acknowledged.closed).toBe(0)

  await store.ledger.sweep({ keepProcessId: 'the-last' })
  const accounts = said.filter((line) => line.startsWith('customer')).map((line) => line.split(' ')[1]!)
  expect(accounts).toHaveLength(KILLS)
  for (const accountId of accounts) {
    const receipts = await store.ledger.listReceipts(accountId, 10_000)
    const spentRao = receipts.reduce((sum, receipt) => sum + receipt.capturedRao, 0n)
    expect(await store.ledger.readBalance(accountId)).toEqual({
      availableRao: 10n ** 12n - spentRao,
      heldRao: 0n,
      spentRao,
    })
  }
  expect((await store.ledger.verify()).checks.filter(({ passed }) => !passed)).toEqual([])
  await store.lifecycle.close()
}, 600_000)

/** Kills with SIGKILL when so many lines were said. @returns all lines that came out whole */
function runUntilKilled(parameters: readonly string[], lines: number): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
    const said: string[] = []
    const reader = createInterface({ input: child.stdout })
    reader.on('line', (line) => {
      said.push(line)
      if (said.length === lines) child.kill('SIGKILL')
    })
    const isRead = new Promise((done) => reader.once('close', done))
    child.once('exit', async (code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the child ended by itself with code ${code}`))
      await isRead
      resolve(said.filter((line) => line.split(' ').length >= 2))
    })
  })
}

/** Mulberry32: small, seeded, good enough to choose moments. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
