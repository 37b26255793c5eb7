import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openDemoAccount } from '../../../src/assembly/demo-account.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { Account, KeyRecord } from '../../../src/ports/accounts.ts'

const dataDirectory = mkdtempSync(join(tmpdir(), 'yumagate-demo-'))
afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }))

/** Opens accounts, failing the first times. */
function makeAccounts(failures: number) {
  const asked: string[] = []
  return {
    asked,
    async setOnlyKey(name: string, keyText: string) {
      asked.push(keyText)
      if (asked.length <= failures) throw new GatewayError('conflict', 'There is an account of that name.')
      const account: Account = { id: 'acc_1', name, depositAddress: '5D', createdAt: '' }
      // Nobody looks into the key's record.
      return { account, key: { id: 'key_1' } as KeyRecord }
    },
  }
}

describe('the demo account', () => {
  it('has the given key, or else one that is kept in the data directory', async () => {
    const accounts = makeAccounts(0)
    const given = await openDemoAccount(accounts, { demoKey: 'sk-given-0123456789', dataDirectory })
    expect(given.key).toBe('sk-given-0123456789')
    const made = await openDemoAccount(accounts, { demoKey: null, dataDirectory })
    expect(readFileSync(join(dataDirectory, 'demo-key'), 'utf8').trim()).toBe(made.key)
    expect((await openDemoAccount(accounts, { demoKey: null, dataDirectory })).key).toBe(made.key)
  })

  it('is found when another process opened it at the same moment', async () => {
    const accounts = makeAccounts(1)
    const { account, key } = await openDemoAccount(accounts, {
      demoKey: 'sk-given-0123456789',
      dataDirectory,
    })
    expect(account.name).toBe('demo')
    expect(accounts.asked).toEqual([key, key])
  })

  it('of a key that may not be used is refused', async () => {
    const opening = openDemoAccount(makeAccounts(9), { demoKey: 'sk-given-0123456789', dataDirectory })
    await expect(opening).rejects.toMatchObject({ code: 'conflict' })
  })
})
