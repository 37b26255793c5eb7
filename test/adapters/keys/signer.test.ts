import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cryptoWaitReady, decodeAddress, signatureVerify } from '@polkadot/util-crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createDevelopmentSigner,
  createSignerFromFile,
  HotkeyFileError,
} from '../../../adapters/keys/index.ts'

// Substrate's well-known development phrase, its seed, and the address that both lead to.
const PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'
const SEED = '0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e'
const ADDRESS = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'

let directory: string
beforeAll(async () => {
  await cryptoWaitReady()
  directory = await mkdtemp(join(tmpdir(), 'hotkey-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function load(content: unknown) {
  const path = join(directory, 'hotkey')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return createSignerFromFile(path)
}

async function problemOf(content: unknown): Promise<string> {
  const thrown: unknown = await load(content).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(HotkeyFileError)
  return (thrown as HotkeyFileError).message
}

describe('a hotkey file', () => {
  it.each([
    ['its phrase', { secretPhrase: PHRASE, secretSeed: null }],
    ['its seed', { secretSeed: SEED }],
    ['its phrase before its seed', { secretPhrase: PHRASE, secretSeed: `0x${'11'.repeat(32)}` }],
  ])('signs with %s', async (_name, secret) => {
    const signer = await load({ ...secret, ss58Address: ADDRESS, accountId: '0x', privateKey: '0xnever' })
    expect(signer.hotkey).toBe(ADDRESS)
    const message = new TextEncoder().encode('7.5Dendrite.5Axon.uuid.hash')
    const signature = signer.sign(message)
    expect(signature).toHaveLength(64)
    expect(signatureVerify(message, signature, ADDRESS)).toMatchObject({ isValid: true, crypto: 'sr25519' })
    expect(signatureVerify(new Uint8Array([1]), signature, ADDRESS).isValid).toBe(false)
  })

  it('is refused when its secret is not that of its address', async () => {
    expect(await problemOf({ secretSeed: SEED, ss58Address: ALICE })).toMatch(
      `holds the secret of ${ADDRESS}`,
    )
  })

  it.each([
    [
      'with a private key alone, which has another form here',
      { privateKey: '0x00', ss58Address: ADDRESS },
      /neither secretPhrase nor secretSeed/,
    ],
    ['that is a public file', { accountId: '0x00', publicKey: '0x00', ss58Address: ADDRESS }, /cannot sign/],
    ['that is encrypted', '$NACLsomething', /encrypted.*never a coldkey/],
    ['that is encrypted in an older way', '$ANSIBLE_VAULT;1.1', /encrypted/],
    [
      'with a phrase that is none',
      { secretPhrase: 'one two three', ss58Address: ADDRESS },
      /secretPhrase that is none/,
    ],
    ['with a seed of another length', { secretSeed: '0x00', ss58Address: ADDRESS }, /secretSeed/],
    ['without an address', { secretSeed: SEED }, /ss58Address/],
    ['that is not JSON', 'nope', /is not JSON/],
    ['that is far too large', ' '.repeat(70_000), /too large/],
  ])('%s is refused', async (_name, content, message) => {
    const problem = await problemOf(content)
    expect(problem).toMatch(message)
    expect(problem).not.toContain(SEED)
    expect(problem).not.toContain('one two three')
  })

  it('that is not there is refused by its path', async () => {
    await expect(createSignerFromFile(join(directory, 'absent'))).rejects.toThrow(/absent cannot be read/)
  })
})

describe('a development key', () => {
  it('is the one that every Substrate tool derives', async () => {
    expect((await createDevelopmentSigner('//Alice')).hotkey).toBe(ALICE)
  })

  it('is another one for every path', async () => {
    const paths = ['//devnet//gateway', '//devnet//miner//1//0', '//devnet//miner//1//1']
    const hotkeys = await Promise.all(paths.map(async (path) => (await createDevelopmentSigner(path)).hotkey))
    expect(new Set(hotkeys).size).toBe(3)
    for (const hotkey of hotkeys) expect(decodeAddress(hotkey)).toHaveLength(32)
  })

  it.each(['', 'Alice', '/soft', `${PHRASE}//Alice`])('%j is not a path of hard junctions', async (path) => {
    await expect(createDevelopmentSigner(path)).rejects.toThrow()
  })
})
