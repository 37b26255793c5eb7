/** What real nodes and networks do to a client that stays connected for months. */
import { afterEach, describe, expect, it } from 'vitest'
import { type ChainOptions, createChain } from '../../../adapters/chain/index.ts'
import type { BlockReference, Chain } from '../../../src/ports/chain.ts'
import { rejects, until } from '../../contract/chain.ts'
import { addressOf, type Stage, startStage } from '../../devnet/chain/stage.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function stageOf(options: Parameters<typeof startStage>[0] = {}): Promise<Stage> {
  const stage = await startStage(options)
  closers.push(stage.close)
  return stage
}

function chainOf(endpoints: readonly string[], options: Partial<ChainOptions> = {}): Chain {
  const chain = createChain({
    endpoints,
    genesisHash: null,
    callTimeoutMs: 5_000,
    headAgeMsMax: 60_000,
    now: () => performance.now(),
    ...options,
  })
  closers.push(() => chain.close())
  return chain
}

/** The heads that a chain tells of from now on. */
function headsOf(chain: Chain): BlockReference[] {
  const heads: BlockReference[] = []
  chain.onFinalized((head) => heads.push(head))
  return heads
}

describe('a connection that drops', () => {
  it('heads go on after a drop', async () => {
    const { operations, endpoint } = await stageOf()
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    const heads = headsOf(chain)
    operations.dropConnections()
    await until(() => !chain.state().connected)
    await chain.ready(20_000)
    const { number } = await operations.produce()
    await until(() => heads.some((head) => head.number === number))
  })

  it('heads go on after a connection that flaps: taken and closed at once, as by a proxy without its server', async () => {
    const { operations, endpoint } = await stageOf()
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    const heads = headsOf(chain)
    for (let round = 0; round < 3; round++) {
      operations.receive('hang-up')
      operations.dropConnections()
      await until(() => !chain.state().connected)
      operations.receive('accept')
      await chain.ready(20_000)
    }
    const { number } = await operations.produce()
    await until(() => heads.some((head) => head.number === number))
  })

  it('the next endpoint is taken when one refuses', async () => {
    const [first, second] = [
      await stageOf({ entropy: `0x${'11'.repeat(32)}`, now: () => 1 }),
      await stageOf({ entropy: `0x${'11'.repeat(32)}`, now: () => 1 }),
    ]
    expect(first.genesisHash).toBe(second.genesisHash)
    first.operations.receive('refuse')
    const chain = chainOf([first.endpoint, second.endpoint])
    await chain.ready(20_000)
    expect(chain.state()).toMatchObject({ connected: true, endpoint: second.endpoint, problem: null })
  })

  it('a node that takes the connection and never answers is left for the next one', async () => {
    const entropy = `0x${'22'.repeat(32)}`
    const [first, second] = [
      await stageOf({ entropy, now: () => 1 }),
      await stageOf({ entropy, now: () => 1 }),
    ]
    first.operations.setSilent(true)
    const chain = chainOf([first.endpoint, second.endpoint], { callTimeoutMs: 200 })
    await chain.ready(20_000)
    expect(chain.state().endpoint).toBe(second.endpoint)
  })

  it('a call to a node that falls silent ends with chain_unavailable', async () => {
    const { operations, endpoint } = await stageOf()
    const chain = chainOf([endpoint], { callTimeoutMs: 200 })
    await chain.ready(20_000)
    operations.setSilent(true)
    const error = await rejects(chain.readMetagraph(1, 0))
    expect(error.message).toBe('The chain could not be read.')
    expect(String((error.cause as Error).message)).toContain('no answer within 200 ms')
  })

  it('heads are announced once and upwards, also when the next node is behind', async () => {
    const entropy = `0x${'33'.repeat(32)}`
    const [ahead, behind] = [
      await stageOf({ entropy, now: () => 1 }),
      await stageOf({ entropy, now: () => 1 }),
    ]
    await ahead.operations.produce(5)
    const chain = chainOf([ahead.endpoint, behind.endpoint])
    const heads = headsOf(chain)
    await chain.ready(20_000)
    ahead.operations.receive('refuse')
    ahead.operations.dropConnections()
    await until(() => chain.state().connected && chain.state().endpoint === behind.endpoint)
    await behind.operations.produce(7)
    await until(() => heads.some(({ number }) => number === 7))
    expect(heads.map(({ number }) => number)).toEqual([5, 6, 7])
  })
})

describe('another chain', () => {
  it('is refused when the settings name a genesis', async () => {
    const { endpoint } = await stageOf()
    const chain = chainOf([endpoint], { genesisHash: `0x${'ab'.repeat(32)}` })
    await rejects(chain.ready(500))
    expect(chain.state().problem).toMatch(/has genesis 0x/)
    expect(chain.state().connected).toBe(false)
  })

  it('is refused at a reconnect when none is named: the first chain met is kept to', async () => {
    const [first, other] = [await stageOf(), await stageOf()]
    const chain = chainOf([first.endpoint, other.endpoint], { callTimeoutMs: 500 })
    await chain.ready(20_000)
    first.operations.receive('refuse')
    first.operations.dropConnections()
    await until(() => /has genesis/.test(chain.state().problem ?? ''))
    expect(chain.state().genesisHash).toBe(first.genesisHash)
    await rejects(chain.readFinalized())
  })
})

describe('finality', () => {
  it('skips numbers in what it announces, and every block between can be read', async () => {
    const { operations, endpoint, transfer } = await stageOf({ finalityBatch: 3 })
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    const heads = headsOf(chain)
    const bob = await addressOf('//Bob')
    for (let number = 1; number <= 6; number++) {
      await transfer(bob, 1_000n + BigInt(number))
      await operations.produce()
    }
    await until(() => heads.some(({ number }) => number === 6))
    expect(heads.map(({ number }) => number)).toEqual([3, 6])
    for (let number = 1; number <= 6; number++) {
      const { transfers } = await chain.readTransfers(number)
      expect(transfers.map(({ amountRao }) => amountRao)).toEqual([1_000n + BigInt(number)])
    }
  })

  it('that stalls is told apart from a connection that does, and no new connection is made', async () => {
    const { operations, endpoint } = await stageOf()
    const chain = chainOf([endpoint], { headAgeMsMax: 50 })
    await chain.ready(20_000)
    operations.stallFinality(true)
    await until(() => chain.state().problem === 'The chain finalises nothing.')
    expect(chain.state().connected).toBe(true)
    expect(operations.connectionCount).toBe(1)
    operations.stallFinality(false)
    await operations.produce()
    await until(() => chain.state().problem === null)
    expect(operations.connectionCount).toBe(1)
  })

  it('heads that no longer arrive although the chain goes on are noticed, and a new connection brings them', async () => {
    const { operations, endpoint } = await stageOf()
    const chain = chainOf([endpoint], { headAgeMsMax: 50 })
    await chain.ready(20_000)
    const heads = headsOf(chain)
    // The subscription is dead, while questions are still answered: pushes are lost, and the head moves on.
    operations.mutePushes(true)
    const { number } = await operations.produce(2)
    await until(() => heads.some((head) => head.number === number))
    expect(operations.connectionCount).toBeGreaterThan(1)
  })

  it('a best block that is taken back is never read', async () => {
    const { operations, endpoint, transfer } = await stageOf()
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    const bob = await addressOf('//Bob')
    operations.stallFinality(true)
    await transfer(bob, 777n)
    await operations.produce()
    await rejects(chain.readTransfers(1))
    operations.retract(1, { keepTransactions: false })
    operations.stallFinality(false)
    await operations.produce()
    expect(await chain.readTransfers(1)).toMatchObject({ number: 1, transfers: [] })
  })
})

describe('a runtime upgrade', () => {
  it('on a live connection: subnets, and blocks from before and after it, can still be read', async () => {
    const { operations, endpoint, transfer } = await stageOf()
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    const bob = await addressOf('//Bob')
    await transfer(bob, 1_001n)
    await operations.produce()
    operations.upgradeRuntime({ specVersion: 480 })
    await operations.produce(2)
    await transfer(bob, 1_002n)
    await operations.produce()
    await until(() => chain.state().specVersion === 480)
    expect((await chain.readMetagraph(1, 0)).neurons.length).toBeGreaterThan(8)
    const amounts = []
    for (let number = 1; number <= 4; number++) {
      for (const { amountRao } of (await chain.readTransfers(number)).transfers) amounts.push(amountRao)
    }
    expect(amounts).toEqual([1_001n, 1_002n])
    // The chain's own, and one for each transfer that was handed in.
    expect(operations.connectionCount).toBe(3)
  })

  it('that happened while it was not connected is noticed at the next connection', async () => {
    const { operations, endpoint } = await stageOf()
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    operations.receive('refuse')
    operations.dropConnections()
    await until(() => !chain.state().connected)
    operations.upgradeRuntime({ specVersion: 481 })
    await operations.produce(2)
    operations.receive('accept')
    await chain.ready(20_000)
    expect(chain.state().specVersion).toBe(481)
    expect((await chain.readMetagraph(19, 1)).name).toBe('Devnet Vision')
  })

  it('that changes the layout of transfers stops their reading, block by block, and nothing else', async () => {
    const { operations, endpoint } = await stageOf()
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    operations.upgradeRuntime({ specVersion: 482, eventLayout: 'memo' })
    await operations.produce(2)
    await until(() => chain.state().specVersion === 482)
    // Block 1 was written by the old runtime, block 2 by the new one.
    expect((await chain.readTransfers(1)).transfers).toEqual([])
    const error = await rejects(chain.readTransfers(2))
    expect(String((error.cause as Error).message)).toMatch(/Transfer has an unknown layout/)
    expect((await chain.readMetagraph(1, 0)).neurons.length).toBeGreaterThan(8)
  })

  it('a runtime without the call for a whole subnet gives the same snapshot, read value by value', async () => {
    const [current, old] = [
      await stageOf({ axons: new Map() }),
      await stageOf({
        axons: new Map(),
        runtime: { specVersion: 218, eventLayout: 'current', metagraphApi: false },
      }),
    ]
    const place = { block: 0, blockHash: '', genesisHash: '' }
    for (const [netuid, mechid] of [
      [1, 0],
      [11, 0],
      [19, 1],
    ] as const) {
      const fromCall = await chainOf([current.endpoint]).readMetagraph(netuid, mechid)
      const fromStorage = await chainOf([old.endpoint]).readMetagraph(netuid, mechid)
      expect({ ...fromStorage, ...place }).toEqual({ ...fromCall, ...place })
    }
    await rejects(chainOf([old.endpoint]).readMetagraph(77, 0))
    await rejects(chainOf([old.endpoint]).readMetagraph(1, 1))
  })
})

describe('a node that answers wrongly', () => {
  const cases: readonly [string, string, (parameters: readonly unknown[]) => unknown][] = [
    ['no hash', 'chain_getBlockHash', () => null],
    ['no header', 'chain_getHeader', () => null],
    ['no events: it has forgotten them', 'state_getStorage', () => null],
    ['events cut short', 'state_getStorage', () => '0x0800'],
    ['events that are not hex', 'state_getStorage', () => 'zzz'],
  ]
  it.each(cases)('%s: the block is not read', async (_name, method, answer) => {
    const { operations, endpoint, transfer } = await stageOf()
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    await transfer(await addressOf('//Bob'), 1_000n)
    await operations.produce()
    await until(() => chain.state().finalized?.number === 1)
    operations.override(method, answer)
    await rejects(chain.readTransfers(1))
    operations.override(method, null)
    expect((await chain.readTransfers(1)).transfers).toHaveLength(1)
  })

  it("another block's header under a hash: the block is not read", async () => {
    const { operations, endpoint, client } = await stageOf()
    const chain = chainOf([endpoint])
    await operations.produce(2)
    await chain.ready(20_000)
    const rpc = await client()
    const other = await rpc.call('chain_getHeader', [operations.hashOf(1)])
    rpc.close()
    operations.override('chain_getHeader', () => other)
    const error = await rejects(chain.readTransfers(2))
    expect(String((error.cause as Error).message)).toContain('does not have that hash')
  })

  it("another subnet's answer is not taken", async () => {
    const { operations, endpoint, client } = await stageOf()
    const chain = chainOf([endpoint])
    await chain.ready(20_000)
    const rpc = await client()
    const indexes = [0, 1, 4, 5, 6, 8, 52, 53, 55, 56, 57, 59, 60, 62, 66, 69]
    const bytes = indexes.map((index) => `${index.toString(16).padStart(2, '0')}00`).join('')
    const other = await rpc.call('state_call', [
      'SubnetInfoRuntimeApi_get_selective_mechagraph',
      `0x0b000040${bytes}`,
    ])
    rpc.close()
    operations.override('state_call', () => other)
    const error = await rejects(chain.readMetagraph(1, 0))
    expect(String((error.cause as Error).message)).toBe('Asked for subnet 1, got 11.')
  })
})
