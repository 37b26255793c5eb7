/** What the transaction pool lets in, and what it says to the rest. */
import { afterEach, describe, expect, it } from 'vitest'
import { signCall, transferCall } from '../../../devnet/chain/faucet.ts'
import { addressToAccount } from '../../../devnet/chain/hashing.ts'
import { deriveKey } from '../../../devnet/chain/keys.ts'
import type { RuntimeCall } from '../../../devnet/chain/runtime/calls.ts'
import { runtimeCall } from '../../../devnet/chain/runtime/calls.ts'
import { encodeSignedExtrinsic, signedPayload } from '../../../devnet/chain/runtime/extrinsic.ts'
import { FIRST_RUNTIME } from '../../../devnet/chain/runtime/version.ts'
import { fromHex, toHex } from '../../../devnet/chain/scale/bytes.ts'
import { encode } from '../../../devnet/chain/scale/codec.ts'
import { addressOf, type Stage, startStage } from './stage.ts'

let stage: Stage
afterEach(() => stage.close())

type Terms = Partial<{
  era: number
  nonce: number
  tipRao: bigint
  genesisHash: string
  eraHash: string
  specVersion: number
}>

/** Signs with terms of one's own, right or wrong. */
async function sign(uri: string, call: RuntimeCall, terms: Terms = {}): Promise<string> {
  const key = await deriveKey(uri)
  const { era = 0, nonce = 0, tipRao = 0n } = terms
  const genesisHash = terms.genesisHash ?? stage.genesisHash
  const callBytes = encode(runtimeCall, call)
  const payload = signedPayload(
    callBytes,
    { era, nonce, tipRao },
    {
      runtime: { ...FIRST_RUNTIME, specVersion: terms.specVersion ?? FIRST_RUNTIME.specVersion },
      genesisHash,
      eraHash: terms.eraHash ?? genesisHash,
    },
  )
  return toHex(
    encodeSignedExtrinsic({
      signer: key.account,
      signatureHex: toHex(key.sign(payload)),
      terms: { era, nonce, tipRao },
      callBytes,
    }),
  )
}

async function toBob(amountRao = 1_000_000n): Promise<RuntimeCall> {
  return transferCall(addressToAccount(await addressOf('//Bob')), amountRao)
}

async function submit(extrinsic: string): Promise<string> {
  const client = await stage.client()
  try {
    return (await client.call('author_submitExtrinsic', [extrinsic])) as string
  } catch (error) {
    return (error as Error).message
  } finally {
    client.close()
  }
}

async function ask(method: string, parameters: readonly unknown[]): Promise<unknown> {
  const client = await stage.client()
  try {
    return await client.call(method, parameters)
  } finally {
    client.close()
  }
}

describe('nonces', () => {
  it('the next one counts transactions that wait, in the pool as in blocks', async () => {
    stage = await startStage()
    const alice = await addressOf('//Alice')
    const next = () => ask('system_accountNextIndex', [alice])
    for (let nonce = 0; nonce < 3; nonce++) {
      expect(await next()).toBe(nonce)
      await submit(await sign('//Alice', await toBob(), { nonce }))
    }
    await stage.operations.produce()
    expect(await next()).toBe(3)
    expect(await ask('author_pendingExtrinsics', [])).toEqual([])
  })

  it('a transaction with a gap before it waits until the gap is filled', async () => {
    stage = await startStage()
    await submit(await sign('//Alice', await toBob(), { nonce: 1 }))
    await stage.operations.produce()
    expect(await ask('author_pendingExtrinsics', [])).toHaveLength(1)
    expect(await ask('system_accountNextIndex', [await addressOf('//Alice')])).toBe(0)
    await submit(await sign('//Alice', await toBob(), { nonce: 0 }))
    await stage.operations.produce()
    expect(await ask('author_pendingExtrinsics', [])).toEqual([])
    expect(await ask('system_accountNextIndex', [await addressOf('//Alice')])).toBe(2)
  })

  it('one that was used is outdated', async () => {
    stage = await startStage()
    await submit(await sign('//Alice', await toBob()))
    await stage.operations.produce()
    expect(await submit(await sign('//Alice', await toBob(7_000n)))).toMatch(/Transaction is outdated/)
  })

  it('the same transaction twice is refused as known, another one with its nonce as too low', async () => {
    stage = await startStage()
    const first = await sign('//Alice', await toBob())
    expect(await submit(first)).toMatch(/^0x/)
    expect(await submit(first)).toMatch(/already imported/)
    expect(await submit(await sign('//Alice', await toBob(9_000n)))).toMatch(/Priority is too low/)
  })

  it('a higher tip takes the place of a transaction that waits', async () => {
    stage = await startStage()
    await submit(await sign('//Alice', await toBob(1_000n)))
    expect(await submit(await sign('//Alice', await toBob(2_000n), { tipRao: 5n }))).toMatch(/^0x/)
    expect(await ask('author_pendingExtrinsics', [])).toHaveLength(1)
  })
})

describe('signatures', () => {
  it.each<[string, Terms]>([
    ['for another genesis', { genesisHash: `0x${'cd'.repeat(32)}` }],
    ['for another runtime version', { specVersion: 1 }],
    ['for another block of birth', { era: 0x0035, eraHash: `0x${'cd'.repeat(32)}` }],
  ])('%s are refused', async (_name, terms) => {
    stage = await startStage()
    await stage.operations.produce(4)
    expect(await submit(await sign('//Alice', await toBob(), terms))).toMatch(/bad signature/)
  })

  it('that were made over another amount are refused', async () => {
    stage = await startStage()
    const extrinsic = fromHex(await sign('//Alice', await toBob(1_000_000n)))
    // The last byte is the highest of the amount.
    extrinsic[extrinsic.length - 1]! ^= 1
    expect(await submit(toHex(extrinsic))).toMatch(/bad signature/)
  })

  it("that are somebody else's are refused", async () => {
    stage = await startStage()
    const extrinsic = fromHex(await sign('//Bob', await toBob()))
    const alice = fromHex((await deriveKey('//Alice')).account)
    const at = Buffer.from(extrinsic).indexOf(fromHex((await deriveKey('//Bob')).account))
    extrinsic.set(alice, at)
    expect(await submit(toHex(extrinsic))).toMatch(/bad signature/)
  })

  it('with a mortal era are taken while it lasts, counted from its block of birth', async () => {
    stage = await startStage()
    await stage.operations.produce(5)
    // Period 64 (2 << 5), phase 3: born in block 3.
    const era = 5 + (3 << 4)
    const extrinsic = await sign('//Alice', await toBob(), { era, eraHash: stage.operations.hashOf(3)! })
    expect(await submit(extrinsic)).toMatch(/^0x/)
    await stage.operations.produce()
    expect(await ask('author_pendingExtrinsics', [])).toEqual([])
  })
})

describe('money', () => {
  it('an account that cannot pay the fee is refused before anything is done', async () => {
    stage = await startStage()
    expect(await submit(await sign('//poor', await toBob()))).toMatch(/Inability to pay some fees/)
  })

  it('a fee that would end the account is not taken', async () => {
    stage = await startStage()
    const poor = await addressOf('//poor')
    await stage.transfer(poor, 82_000n)
    await stage.operations.produce()
    expect(await submit(await sign('//poor', await toBob(1_000n)))).toMatch(/Inability to pay some fees/)
  })

  it('the second of two transactions that one balance pays for is dropped', async () => {
    stage = await startStage()
    await stage.transfer(await addressOf('//poor'), 200_000n)
    await stage.operations.produce()
    const away: RuntimeCall = {
      kind: 'Balances',
      value: {
        _0: {
          kind: 'transfer_allow_death',
          value: {
            dest: { kind: 'Id', value: { _0: addressToAccount(await addressOf('//Bob')) } },
            value: 100_000n,
          },
        },
      },
    }
    expect(await submit(await sign('//poor', away, { nonce: 0 }))).toMatch(/^0x/)
    expect(await submit(await sign('//poor', away, { nonce: 1 }))).toMatch(/^0x/)
    await stage.operations.produce(2)
    expect(await ask('author_pendingExtrinsics', [])).toEqual([])
    expect(await ask('system_accountNextIndex', [await addressOf('//poor')])).toBe(1)
  })
})

it.each(['0x', '0x00', '0x280403000b', 'hello', `0x${'ff'.repeat(64)}`])(
  '%j is not an extrinsic',
  async (text) => {
    stage = await startStage()
    expect(await submit(text)).toMatch(/Verification Error/)
  },
)

it('a call that is nested too deeply is refused', async () => {
  stage = await startStage()
  let call: RuntimeCall = {
    kind: 'System',
    value: { _0: { kind: 'remark', value: { remark: new Uint8Array() } } },
  }
  for (let depth = 0; depth < 100; depth++) {
    call = { kind: 'Utility', value: { _0: { kind: 'as_derivative', value: { index: 0, call } } } }
  }
  expect(await submit(await sign('//Alice', call))).toMatch(/nested too deeply/)
})

it('whoever watches a transaction is told of each of its states', async () => {
  stage = await startStage({ finalityLag: 2 })
  const client = await stage.client()
  const watched = client.watch(await signCall(await toBob(), await deriveKey('//Alice'), client))
  await client.call('system_chain', [])
  await stage.operations.produce(3)
  expect(await watched).toBe(stage.operations.hashOf(1))
  client.close()
})
