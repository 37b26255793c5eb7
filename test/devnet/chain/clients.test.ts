/** The official client sees a Subtensor node. */
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, type Stage, startStage } from './stage.ts'

let stage: Stage
// Its types describe another chain; the values are what is looked at here.
let api: any
beforeAll(async () => {
  stage = await startStage({ axons: new Map(), finalityLag: 1 })
  api = await ApiPromise.create({ provider: new WsProvider(stage.endpoint) as any, noInitWarn: true })
})
afterAll(async () => {
  await api.disconnect()
  await stage.close()
})

it('connects: genesis, version, constants, every pallet by its real index', () => {
  expect(api.genesisHash.toHex()).toBe(stage.genesisHash)
  expect(api.runtimeVersion.specName.toString()).toBe('node-subtensor')
  expect(api.registry.chainSS58).toBe(42)
  expect(api.consts.balances.existentialDeposit.toString()).toBe('500')
  const pallets = api.runtimeMetadata.asLatest.pallets.map(({ name, index }: any) => `${name} ${index}`)
  expect(pallets).toEqual([
    'System 0',
    'Timestamp 2',
    'Balances 5',
    'TransactionPayment 6',
    'SubtensorModule 7',
    'Utility 11',
  ])
})

it('signs and follows a transfer until it is final', async () => {
  const alice = new Keyring({ type: 'sr25519', ss58Format: 42 }).addFromUri('//Alice')
  const bob = await addressOf('//Bob')
  const statuses: string[] = []
  const events = await new Promise<string[]>((resolve, reject) => {
    api.tx.balances
      .transferKeepAlive(bob, 123_456_789n)
      .signAndSend(alice, ({ status, events }: any) => {
        statuses.push(status.type)
        // One block at a time: the client leaves out a status when the next one is there before it has looked the block up.
        if (status.isReady || status.isInBlock) void stage.operations.produce().catch(reject)
        if (status.isFinalized) resolve(events.map(({ event }: any) => `${event.section}.${event.method}`))
      })
      .catch(reject)
  })
  expect(statuses).toEqual(['Ready', 'InBlock', 'Finalized'])
  expect(events).toContain('balances.Transfer')
})

it('with an ed25519 account too, while one that is not known to the chain has nothing', async () => {
  const account = new Keyring({ type: 'ed25519', ss58Format: 42 }).addFromUri('//Alice')
  await stage.transfer(account.address, 10_000_000n)
  await stage.operations.produce(2)
  const hash = await api.tx.balances
    .transferKeepAlive(await addressOf('//Bob'), 1_000n)
    .signAndSend(account, { nonce: 0 })
  expect(hash.toHex()).toMatch(/^0x/)
  await stage.operations.produce()
  const { nonce } = await api.query.system.account(account.address)
  expect(nonce.toNumber()).toBe(1)
})

it('asks for the fee before it pays it', async () => {
  const info = await api.tx.balances
    .transferKeepAlive(await addressOf('//Bob'), 1_000n)
    .paymentInfo(await addressOf('//Alice'))
  expect(info.partialFee.toBigInt()).toBeGreaterThan(80_000n)
})

it('watches storage', async () => {
  const numbers: number[] = []
  const stop = await api.query.system.number((number: any) => numbers.push(number.toNumber()))
  await stage.operations.produce(2)
  await new Promise<void>((resolve) => {
    const look = () => (numbers.length >= 3 ? resolve() : setImmediate(look))
    look()
  })
  stop()
  expect(numbers.slice(1)).toEqual([numbers[0]! + 1, numbers[0]! + 2])
})

describe('runtime APIs', () => {
  it('get_neurons_lite has every neuron, with constants where the real chain has them', async () => {
    const neurons = (await api.call.neuronInfoRuntimeApi.getNeuronsLite(1)).toJSON()
    expect(neurons).toHaveLength(13)
    for (const { rank, trust, pruningScore } of neurons)
      expect([rank, trust, pruningScore]).toEqual([0, 0, 65_535])
    expect((await api.call.neuronInfoRuntimeApi.getNeuronsLite(99)).toJSON()).toEqual([])
  })

  it('a selective metagraph has what was asked for, and nothing else', async () => {
    const call = api.call.subnetInfoRuntimeApi
    const some = (await call.getSelectiveMechagraph(19, 1, [0, 52, 62])).toJSON()
    expect(
      Object.entries(some)
        .filter(([, value]) => value !== null)
        .map(([name]) => name),
    ).toEqual(['netuid', 'hotkeys', 'incentives'])
    const whole = (
      await call.getSelectiveMetagraph(
        19,
        Array.from({ length: 74 }, (_, index) => index),
      )
    ).toJSON()
    expect(whole.trust).toEqual([])
    expect(whole.netuid).toBe(19)
    expect((await call.getSelectiveMechagraph(19, 2, [0])).toJSON()).toBeNull()
    // Unless it is asked for, the netuid is 0.
    expect((await call.getSelectiveMetagraph(19, [52])).toJSON().netuid).toBe(0)
  })

  it('the price of alpha follows the pool', async () => {
    expect((await api.call.swapRuntimeApi.currentAlphaPrice(1)).toString()).toBe('10000000')
  })
})

describe('what a node refuses', () => {
  const ask = async (method: string, parameters: readonly unknown[]) => {
    const client = await stage.client()
    try {
      return await client.call(method, parameters)
    } catch (error) {
      return (error as Error).message
    } finally {
      client.close()
    }
  }

  it.each([
    ['a method that there is not', 'chain_nonsense', [], /Method not found/],
    ['parameters of another kind', 'state_getStorage', [7], /Invalid params/],
    ['a hash that it does not know', 'state_getStorage', ['0x00', `0x${'12'.repeat(32)}`], /UnknownBlock/],
    ['a page of keys that is too long', 'state_getKeysPaged', ['0x', 1001, null], /exceeds maximum/],
    ['a runtime call that there is not', 'state_call', ['Nothing_at_all', '0x'], /not found/],
    ['an address that is none', 'system_accountNextIndex', ['5Nope'], /Not an ss58 address/],
  ])('%s', async (_name, method, parameters, message) => {
    expect(await ask(method, parameters)).toMatch(message)
  })

  it('answers several requests at once, and hashes of several blocks', async () => {
    expect(await ask('chain_getBlockHash', [[0, 1, 99_999]])).toEqual([
      stage.genesisHash,
      stage.operations.hashOf(1),
      null,
    ])
    expect(await ask('chain_getHeader', [`0x${'12'.repeat(32)}`])).toBeNull()
  })
})
