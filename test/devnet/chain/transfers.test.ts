/** Money moves as the chain says it does, whatever call moves it: what is announced is what happened. */
import { blake2AsU8a } from '@polkadot/util-crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFaucet, transferCall } from '../../../devnet/chain/faucet.ts'
import { accountToAddress } from '../../../devnet/chain/hashing.ts'
import { deriveKey } from '../../../devnet/chain/keys.ts'
import type { RuntimeCall } from '../../../devnet/chain/runtime/calls.ts'
import { decodeEvents, EVENTS_KEY } from '../../../devnet/chain/runtime/events.ts'
import { balances, system } from '../../../devnet/chain/runtime/pallets.ts'
import { fromHex, toHex } from '../../../devnet/chain/scale/bytes.ts'
import { decode } from '../../../devnet/chain/scale/codec.ts'
import { type Stage, startStage } from './stage.ts'

let stage: Stage
beforeEach(async () => {
  stage = await startStage()
})
afterEach(() => stage.close())

const NOBODY = `0x${'77'.repeat(32)}`
const OTHER = `0x${'78'.repeat(32)}`

const allowDeath = (to: string, amountRao: bigint): RuntimeCall => ({
  kind: 'Balances',
  value: {
    _0: {
      kind: 'transfer_allow_death',
      value: { dest: { kind: 'Id', value: { _0: to } }, value: amountRao },
    },
  },
})
const all = (to: string, keepAlive: boolean): RuntimeCall => ({
  kind: 'Balances',
  value: {
    _0: { kind: 'transfer_all', value: { dest: { kind: 'Id', value: { _0: to } }, keep_alive: keepAlive } },
  },
})
const batch = (kind: 'batch' | 'batch_all' | 'force_batch', calls: readonly RuntimeCall[]): RuntimeCall => ({
  kind: 'Utility',
  value: { _0: { kind, value: { calls } } },
})

async function read(key: string): Promise<string | null> {
  const client = await stage.client()
  try {
    return (await client.call('state_getStorage', [key])) as string | null
  } finally {
    client.close()
  }
}

async function freeRao(account: string): Promise<bigint> {
  const stored = await read(system.account.key(account))
  return stored === null ? 0n : decode(system.account.value, fromHex(stored)).data.free
}

/** Sum of all accounts, and what the chain says that there is. */
async function sums(): Promise<[bigint, bigint]> {
  const client = await stage.client()
  const keys = (await client.call('state_getKeysPaged', [system.account.prefix, 1000, null])) as string[]
  let sum = 0n
  for (const key of keys) {
    const stored = (await client.call('state_getStorage', [key])) as string
    sum += decode(system.account.value, fromHex(stored)).data.free
  }
  const issuance = (await client.call('state_getStorage', [balances.totalIssuance.key()])) as string
  client.close()
  return [sum, decode(balances.totalIssuance.value, fromHex(issuance))]
}

/** Runs a call and gives the names of its events, and the transfers among them. */
async function run(uri: string, call: RuntimeCall) {
  await stage.submit(uri, call)
  await stage.operations.produce()
  const events = decodeEvents(fromHex((await read(EVENTS_KEY))!)).filter(
    ({ phase }) => phase.kind === 'ApplyExtrinsic' && phase.value._0 === 1,
  )
  const transfers = events.flatMap(({ event }) =>
    event.kind === 'Balances' && event.value._0.kind === 'Transfer' ? [event.value._0.value] : [],
  )
  const [sum, issuance] = await sums()
  expect(sum).toBe(issuance)
  return { names: events.map(({ event }) => event.value._0.kind), transfers }
}

describe('a transfer', () => {
  it('moves exactly its amount, and takes a fee beside it', async () => {
    const alice = (await deriveKey('//Alice')).account
    const before = await freeRao(alice)
    const { names, transfers } = await run('//Alice', transferCall(NOBODY, 1_000_000n))
    expect(transfers).toEqual([{ from: alice, to: NOBODY, amount: 1_000_000n }])
    expect(names).toEqual([
      'Withdraw',
      'NewAccount',
      'Endowed',
      'Transfer',
      'TransactionFeePaid',
      'ExtrinsicSuccess',
    ])
    expect(await freeRao(NOBODY)).toBe(1_000_000n)
    const feeRao = before - 1_000_000n - (await freeRao(alice))
    expect(feeRao).toBeGreaterThan(80_000n)
    expect(feeRao).toBeLessThan(90_000n)
  })

  it.each([
    ['of more than there is', transferCall(NOBODY, 2n ** 60n)],
    ['that a new account could not live from', transferCall(NOBODY, 499n)],
  ])('%s fails: the fee is taken, nothing else moves', async (_name, call) => {
    const { names, transfers } = await run('//Alice', call)
    expect(transfers).toEqual([])
    expect(names.at(-1)).toBe('ExtrinsicFailed')
    expect(await freeRao(NOBODY)).toBe(0n)
  })

  it('of everything ends the account, or leaves it just alive', async () => {
    const poor = (await deriveKey('//poor')).account
    for (const keepAlive of [true, false]) {
      await run('//Alice', transferCall(poor, 1_000_000n))
      const { transfers, names } = await run('//poor', all(OTHER, keepAlive))
      expect(transfers).toHaveLength(1)
      expect(await freeRao(poor)).toBe(keepAlive ? 500n : 0n)
      expect(names.includes('KilledAccount')).toBe(!keepAlive)
    }
  })

  it('that leaves less than an account needs destroys the rest, and says so', async () => {
    const poor = (await deriveKey('//poor')).account
    await run('//Alice', transferCall(poor, 10_000_000n))
    await run('//poor', allowDeath(OTHER, 1_000_000n))
    const restRao = await freeRao(poor)
    const feeRao = 10_000_000n - 1_000_000n - restRao
    const { names } = await run('//poor', allowDeath(OTHER, restRao - feeRao - 300n))
    expect(names).toContain('DustLost')
    expect(names).toContain('KilledAccount')
    expect(await freeRao(poor)).toBe(0n)
  })

  it('to oneself announces nothing', async () => {
    const alice = (await deriveKey('//Alice')).account
    expect((await run('//Alice', transferCall(alice, 1_000_000n))).transfers).toEqual([])
  })
})

describe('a batch', () => {
  it('of two equal transfers announces two', async () => {
    const item = transferCall(NOBODY, 5_000n)
    const { transfers, names } = await run('//Alice', batch('batch', [item, item]))
    expect(transfers).toHaveLength(2)
    expect(names).toContain('BatchCompleted')
    expect(await freeRao(NOBODY)).toBe(10_000n)
  })

  const items = [transferCall(NOBODY, 5_000n), transferCall(OTHER, 1n), transferCall(NOBODY, 6_000n)]
  it.each([
    ['batch', 'stops at the item that fails and keeps those before it', [5_000n], 'BatchInterrupted'],
    ['force_batch', 'goes on after the item that fails', [5_000n, 6_000n], 'BatchCompletedWithErrors'],
    ['batch_all', 'undoes all of it', [], 'ExtrinsicFailed'],
  ] as const)('%s %s', async (kind, _name, amounts, event) => {
    const { transfers, names } = await run('//Alice', batch(kind, items))
    expect(transfers.map(({ amount }) => amount)).toEqual(amounts)
    expect(names).toContain(event)
    expect(await freeRao(NOBODY)).toBe(amounts.reduce<bigint>((sum, amount) => sum + amount, 0n))
  })
})

it("a derivative account's money moves at its parent's word, and the parent pays the fee", async () => {
  const alice = (await deriveKey('//Alice')).account
  const index = new Uint8Array([7, 1])
  const account = toHex(
    blake2AsU8a(Buffer.concat([Buffer.from('modlpy/utilisuba'), fromHex(alice), index]), 256),
  )
  await run('//Alice', transferCall(account, 1_000_000n))
  const call: RuntimeCall = {
    kind: 'Utility',
    value: { _0: { kind: 'as_derivative', value: { index: 263, call: all(NOBODY, false) } } },
  }
  const { transfers } = await run('//Alice', call)
  expect(transfers).toEqual([{ from: account, to: NOBODY, amount: 1_000_000n }])
})

describe('the faucet', () => {
  it('pays, waits until it is final, and names the block', async () => {
    const payment = createFaucet({ endpoint: stage.endpoint }).send({
      to: accountToAddress(NOBODY),
      amountRao: 7_000n,
    })
    await produceUntil(payment)
    expect(await payment).toMatchObject({ to: accountToAddress(NOBODY), amountRao: 7_000n })
    expect((await payment).blockHash).toBe(stage.operations.hashOf((await payment).blockNumber))
    expect(await freeRao(NOBODY)).toBe(7_000n)
  })

  it('pays ten at once, each once', async () => {
    const faucet = createFaucet({ endpoint: stage.endpoint })
    const payments = Promise.all(
      Array.from({ length: 10 }, () => faucet.send({ to: accountToAddress(NOBODY), amountRao: 1_000n })),
    )
    await produceUntil(payments)
    expect(await freeRao(NOBODY)).toBe(10_000n)
  })

  it('says so when the transfer failed on the chain', async () => {
    const payment = createFaucet({ endpoint: stage.endpoint }).send({
      to: accountToAddress(NOBODY),
      amountRao: 1n,
    })
    const failed = expect(payment).rejects.toThrow(/failed on the chain/)
    await produceUntil(payment)
    await failed
  })

  it('refuses what is not an address, and goes on with the next payment', async () => {
    const faucet = createFaucet({ endpoint: stage.endpoint })
    await expect(faucet.send({ to: 'nobody', amountRao: 1_000n })).rejects.toThrow()
    const payment = faucet.send({ to: accountToAddress(NOBODY), amountRao: 1_000n })
    await produceUntil(payment)
    expect((await payment).amountRao).toBe(1_000n)
  })

  it('gives up after its time', async () => {
    const faucet = createFaucet({ endpoint: stage.endpoint, timeoutMs: 200 })
    await expect(faucet.send({ to: accountToAddress(NOBODY), amountRao: 1_000n })).rejects.toThrow(
      /within 200 ms/,
    )
  })
})

it('a miner that is registered publishes its address by itself, and one that is not cannot', async () => {
  const call: RuntimeCall = {
    kind: 'SubtensorModule',
    value: {
      _0: {
        kind: 'serve_axon',
        value: {
          netuid: 1,
          version: 1,
          ip: 0x08_08_08_08n,
          port: 8091,
          ip_type: 4,
          protocol: 4,
          placeholder1: 0,
          placeholder2: 0,
        },
      },
    },
  }
  const miner = '//devnet//miner//1//0'
  await run('//Alice', transferCall((await deriveKey(miner)).account, 1_000_000n))
  expect((await run(miner, call)).names).toEqual(['AxonServed', 'ExtrinsicSuccess'])
  expect((await run('//Alice', call)).names.at(-1)).toBe('ExtrinsicFailed')
})

/** Makes blocks until a promise has settled. */
async function produceUntil(promise: Promise<unknown>): Promise<void> {
  let isSettled = false
  promise.then(
    () => {
      isSettled = true
    },
    () => {
      isSettled = true
    },
  )
  while (!isSettled) {
    await stage.operations.produce()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
