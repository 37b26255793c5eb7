/** The way of a used gateway from the embedded database to Postgres, as its operator goes it. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { makeDatabase, SERVER_URL } from '../adapters/store/own-database.ts'
import { command, freshDirectory, launch, type RunningGateway, remove } from './gateway.ts'

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

async function get({ url, key }: RunningGateway, path: string): Promise<Record<string, any>> {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })
  return (await answer.json()) as Record<string, any>
}

async function chat({ url, key }: RunningGateway): Promise<string> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'yuma-text',
      messages: [{ role: 'user', content: 'What is 12 times 7?' }],
    }),
  })
  expect(answer.status).toBe(200)
  await answer.arrayBuffer()
  return answer.headers.get('x-receipt-id') ?? ''
}

/** Adds an export up again. @returns account of the ledger to its balance by its entries, and as it says */
function addUp(text: string) {
  const sums = new Map<string, bigint>()
  const told = new Map<string, bigint>()
  const transactions = new Set<string>()
  for (const line of text.trim().split('\n')) {
    const row = JSON.parse(line) as Record<string, string>
    if (row.kind !== undefined) transactions.add(String(row.transaction))
    else if (row.amount_rao !== undefined) {
      expect(transactions.has(String(row.transaction))).toBe(true)
      const amount = BigInt(row.amount_rao)
      sums.set(String(row.debit), (sums.get(String(row.debit)) ?? 0n) - amount)
      sums.set(String(row.credit), (sums.get(String(row.credit)) ?? 0n) + amount)
    } else {
      told.set(String(row.available), BigInt(String(row.available_rao)))
      told.set(String(row.held), BigInt(String(row.held_rao)))
    }
  }
  return { sums, told }
}

describe.skipIf(SERVER_URL === null)('from embedded to Postgres (TEST_DATABASE_URL)', () => {
  it('a running gateway is backed up, restored to Postgres, and goes on with its keys, books and files', async () => {
    const directory = freshDirectory()
    cleanups.push(() => remove(directory))
    const env = { YUMAGATE_DATA_DIR: directory }
    const old = await launch({ directory })
    const receiptId = await chat(old)
    const upload = new FormData()
    upload.set('purpose', 'user_data')
    upload.set('file', new Blob([readFileSync('examples/spoken-request.wav')]), 'a.wav')
    const uploaded = await fetch(`${old.url}/v1/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${old.key}` },
      body: upload,
    })
    const { id: fileId } = (await uploaded.json()) as { id: string }
    expect(fileId).toMatch(/^file-/)

    const file = join(directory, 'copy.backup')
    const backedUp = await command(['backup', file], env)
    expect(backedUp.stderr).toContain('Checking')
    expect(backedUp).toMatchObject({ code: 0 })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(existsSync(`${file}.part`)).toBe(false)
    const exported = await command(['ledger', 'export'], env)
    expect(exported).toMatchObject({ code: 0 })
    const { sums, told } = addUp(exported.stdout)
    expect(told.size).toBeGreaterThan(0)
    for (const [account, balance] of told) expect(sums.get(account) ?? 0n, account).toBe(balance)
    expect([...sums.values()].reduce((sum, amount) => sum + amount, 0n)).toBe(0n)

    const later = await chat(old)
    const account = await get(old, '/v1/account')
    expect(await old.stop()).toBe(0)

    const fresh = { YUMAGATE_DATA_DIR: freshDirectory() }
    cleanups.push(() => remove(fresh.YUMAGATE_DATA_DIR))
    const elsewhere = await command(['restore', file], fresh)
    expect(elsewhere).toMatchObject({ code: 0 })
    expect(elsewhere.stdout).toContain('is absent; --previous lists it')
    expect(existsSync(join(fresh.YUMAGATE_DATA_DIR, 'blobs', fileId))).toBe(true)
    // By the command itself, since no gateway runs there.
    expect(await command(['backup', join(directory, 'second.backup')], fresh)).toMatchObject({ code: 0 })

    const database = await makeDatabase()
    cleanups.push(() => database.drop())
    const onPostgres = { ...env, DATABASE_URL: database.url }
    const restored = await command(['restore', file, '--previous', directory], onPostgres)
    expect(restored.stderr + restored.stdout).toContain('The books balance.')
    expect(restored).toMatchObject({ code: 0 })
    expect(restored.stdout).toMatch(new RegExp(`absent: receipt ${later} `))
    expect(restored.stdout).toMatch(/previous store: 1 charges of .* 0 deposits/)
    const again = await command(['restore', file], onPostgres)
    expect(again.code).toBe(1)
    expect(again.stderr).toContain('has accounts already')

    const gateway = await launch({ directory, env: { DATABASE_URL: database.url } })
    try {
      expect(gateway.key).toBe(old.key)
      expect((await get(gateway, `/v1/receipts/${receiptId}`)).id).toBe(receiptId)
      const content = await fetch(`${gateway.url}/v1/files/${fileId}/content`, {
        headers: { authorization: `Bearer ${gateway.key}` },
      })
      const bytes = Buffer.from(await content.arrayBuffer())
      expect(bytes.equals(readFileSync('examples/spoken-request.wav'))).toBe(true)
      expect((await get(gateway, '/v1/account')).id).toBe(account.id)
      await chat(gateway)
    } finally {
      expect(await gateway.stop()).toBe(0)
    }
    expect(await command(['ledger', 'verify'], onPostgres)).toMatchObject({ code: 0 })
  }, 300_000)
})
