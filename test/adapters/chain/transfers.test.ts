/** What is read as a transfer: exactly what the chain announced as one, whatever caused it. */
import { ApiPromise, WsProvider } from '@polkadot/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChain } from '../../../adapters/chain/index.ts'
import { createDepositAddresses } from '../../../adapters/keys/index.ts'
import { transferCall } from '../../../devnet/chain/faucet.ts'
import { addressToAccount } from '../../../devnet/chain/hashing.ts'
import type { RuntimeCall } from '../../../devnet/chain/runtime/calls.ts'
import type { RuntimeEvent } from '../../../devnet/chain/runtime/events.ts'
import type { Chain } from '../../../src/ports/chain.ts'
import { addressOf, type Stage, startStage } from '../../devnet/chain/stage.ts'

let stage: Stage
let chain: Chain
let deposit: string
let account: string
beforeAll(async () => {
  stage = await startStage()
  chain = createChain({
    endpoints: [stage.endpoint],
    genesisHash: stage.genesisHash,
    callTimeoutMs: 10_000,
    headAgeMsMax: 60_000,
    now: () => performance.now(),
  })
  await chain.ready(20_000)
  deposit = await addressOf('//deposit')
  account = addressToAccount(deposit)
})
afterAll(async () => {
  await chain.close()
  await stage.close()
})

/** Amounts that the next block brings to the deposit address. */
async function deposited(): Promise<bigint[]> {
  const { number } = await stage.operations.produce()
  const { transfers } = await chain.readTransfers(number)
  return transfers.filter(({ to }) => to === deposit).map(({ amountRao }) => amountRao)
}

const batch = (kind: 'batch' | 'batch_all' | 'force_batch', calls: readonly RuntimeCall[]): RuntimeCall => ({
  kind: 'Utility',
  value: { _0: { kind, value: { calls } } },
})
const move = (amountRao: bigint) => transferCall(account, amountRao)
const failing = transferCall(`0x${'09'.repeat(32)}`, 1n)

describe('is a transfer', () => {
  const dest = () => ({ kind: 'Id', value: { _0: account } }) as const
  it.each<[string, () => RuntimeCall, bigint[]]>([
    ['transfer_keep_alive', () => move(1_000n), [1_000n]],
    [
      'transfer_allow_death',
      () => ({
        kind: 'Balances',
        value: { _0: { kind: 'transfer_allow_death', value: { dest: dest(), value: 1_001n } } },
      }),
      [1_001n],
    ],
    [
      'each of two equal items of a batch',
      () => batch('batch', [move(1_002n), move(1_002n)]),
      [1_002n, 1_002n],
    ],
    [
      'what a batch did before it was interrupted',
      () => batch('batch', [move(1_003n), failing, move(1_004n)]),
      [1_003n],
    ],
    [
      'what a batch did around an item that failed',
      () => batch('force_batch', [move(1_005n), failing, move(1_006n)]),
      [1_005n, 1_006n],
    ],
    [
      'an item of a batch within a batch',
      () => batch('batch', [batch('batch_all', [move(1_007n)])]),
      [1_007n],
    ],
  ])('%s', async (_name, call, amounts) => {
    await stage.submit('//Alice', call())
    expect(await deposited()).toEqual(amounts)
  })

  it('transfer_all, with all there was', async () => {
    await stage.transfer(await addressOf('//emptied'), 1_000_000n)
    await stage.operations.produce()
    await stage.submit('//emptied', {
      kind: 'Balances',
      value: { _0: { kind: 'transfer_all', value: { dest: dest(), keep_alive: false } } },
    })
    const [amountRao = 0n] = await deposited()
    expect(amountRao).toBeGreaterThan(900_000n)
  })

  it('what a derivative account sends', async () => {
    const { address } = createDepositAddresses([await addressOf('//Alice')]).at(0)
    await stage.transfer(address, 1_000_000n)
    await stage.operations.produce()
    await stage.submit('//Alice', {
      kind: 'Utility',
      value: { _0: { kind: 'as_derivative', value: { index: 0, call: move(2_000n) } } },
    })
    expect(await deposited()).toEqual([2_000n])
  })

  it('what no extrinsic caused: a precompile, a scheduled call', async () => {
    stage.operations.emit([transferEvent(account, 3_000n)])
    expect(await deposited()).toEqual([3_000n])
  })

  it('an amount beyond what a double holds, exactly', async () => {
    stage.operations.emit([transferEvent(account, 9_007_199_254_740_993n)])
    expect(await deposited()).toEqual([9_007_199_254_740_993n])
  })
})

describe('is no transfer', () => {
  it.each<[string, () => RuntimeCall]>([
    ['a transfer that failed', () => transferCall(account, 2n ** 62n)],
    ['a batch that was undone', () => batch('batch_all', [move(1_000n), failing])],
    [
      "a remark that looks like a transfer's bytes",
      () => ({
        kind: 'System',
        value: { _0: { kind: 'remark_with_event', value: { remark: new TextEncoder().encode(account) } } },
      }),
    ],
  ])('%s', async (_name, call) => {
    await stage.submit('//Alice', call())
    expect(await deposited()).toEqual([])
  })

  it.each<[string, () => RuntimeEvent]>([
    [
      'stake that moves, in alpha',
      () => ({
        kind: 'SubtensorModule',
        value: {
          _0: {
            kind: 'StakeTransferred',
            value: { _0: account, _1: account, _2: account, _3: 1, _4: 1, _5: 5_000n },
          },
        },
      }),
    ],
    [
      'an account that is endowed',
      () => ({
        kind: 'Balances',
        value: { _0: { kind: 'Endowed', value: { account, free_balance: 5_000n } } },
      }),
    ],
    [
      'a transfer to an address that looks alike',
      () => transferEvent(`${account.slice(0, -1)}${account.endsWith('0') ? '1' : '0'}`, 5_000n),
    ],
  ])('%s', async (_name, event) => {
    stage.operations.emit([event()])
    expect(await deposited()).toEqual([])
  })
})

it('each has the index that the official library gives its event', async () => {
  await stage.submit('//Alice', batch('force_batch', [move(1_000n), failing, move(1_000n)]))
  await stage.transfer(deposit, 4_000n)
  const { number, hash } = await stage.operations.produce()
  const api = await ApiPromise.create({ provider: new WsProvider(stage.endpoint) as any, noInitWarn: true })
  const events: any = await (await api.at(hash)).query.system!.events!()
  const theirs = events
    .map(({ event }: any, index: number) => [index, `${event.section}.${event.method}`, event.data])
    .filter(([, name]: any) => name === 'balances.Transfer')
    .map(([index, , [from, to, amount]]: any) => ({
      eventIndex: index,
      from: from.toString(),
      to: to.toString(),
      amountRao: amount.toBigInt(),
    }))
  await api.disconnect()
  expect(theirs).toHaveLength(3)
  expect((await chain.readTransfers(number)).transfers).toEqual(theirs)
})

function transferEvent(to: string, amountRao: bigint): RuntimeEvent {
  return {
    kind: 'Balances',
    value: { _0: { kind: 'Transfer', value: { from: `0x${'01'.repeat(32)}`, to, amount: amountRao } } },
  }
}
