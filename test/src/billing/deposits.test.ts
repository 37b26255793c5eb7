import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DepositWatcherOptions, startDepositWatcher } from '../../../src/billing/deposits.ts'
import { GatewayError } from '../../../src/errors.ts'
import type { Transfer } from '../../../src/ports/chain.ts'
import { fakeStore } from '../../fakes/store.ts'
import { type FakeChain, fakeChain } from './fake-chain.ts'
import { keptLog, manualTiming } from './manual-timing.ts'

type World = Awaited<ReturnType<typeof makeWorld>>

/** A chain, a store with the accounts `acc_a` and `acc_b`, and a way to start watchers on them. */
async function makeWorld() {
  const chain = fakeChain()
  const store = fakeStore()
  const timing = manualTiming()
  const log = keptLog()
  for (const name of ['a', 'b']) {
    await store.accounts.create({ id: `acc_${name}`, name, depositAddress: `5Address_${name}` })
  }
  const watch = (changes: Partial<DepositWatcherOptions> = {}) =>
    startDepositWatcher({ chain, deposits: store.deposits, timing, log, ...changes })
  const balance = async (name: string) => (await store.ledger.readBalance(`acc_${name}`)).availableRao
  return { chain, store, timing, log, watch, balance }
}

const to = (name: string, amountRao = 10n): Partial<Transfer> => ({ to: `5Address_${name}`, amountRao })
const unavailable = () => new GatewayError('chain_unavailable', 'The chain cannot be reached.')

describe('following the chain', () => {
  it('starts at the finalised block of the first start, and credits what comes after it', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    chain.add([to('a')])
    chain.finalize()
    const watcher = watch()
    await timing.advance(0)
    expect(watcher.state()).toMatchObject({ status: 'following', cursor: { number: 1 }, lagBlocks: 0 })
    chain.add([to('a', 7n), to('b', 5n), { to: '5Nobody' }])
    chain.finalize()
    await timing.advance(0)
    expect([await balance('a'), await balance('b')]).toEqual([7n, 5n])
    expect(watcher.state()).toMatchObject({ credited: 2, unmatched: 1, problem: null, cursor: { number: 2 } })
    await watcher.close()
  })

  it('starts after the given block when there is one', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    for (let number = 1; number <= 4; number += 1) chain.add([to('a')])
    chain.finalize()
    const watcher = watch({ startBlock: 1 })
    await timing.advance(0)
    expect(await balance('a')).toBe(30n)
    await watcher.close()
  })

  it('walks every block when finality jumps, also those that were never announced', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    const watcher = watch({ blocksPerTurn: 3 })
    await timing.advance(0)
    for (let number = 1; number <= 20; number += 1) chain.add(number % 2 ? [to('a')] : [])
    chain.finalize()
    await timing.advance(0)
    expect(await balance('a')).toBe(100n)
    expect(chain.reads).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    await watcher.close()
  })

  it('finds heads whose announcement got lost', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    const watcher = watch()
    await timing.advance(0)
    chain.add([to('a')])
    chain.finalized = 1
    await timing.advance(60_000)
    expect(await balance('a')).toBe(10n)
    await watcher.close()
  })

  it('credits two equal transfers in one block twice, and every amount however small', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    const watcher = watch()
    await timing.advance(0)
    chain.add([to('a', 1n), to('a', 1n), to('a', 2n ** 53n + 1n)])
    chain.finalize()
    await timing.advance(0)
    expect(await balance('a')).toBe(2n ** 53n + 3n)
    await watcher.close()
  })

  it('never credits a transfer of a block that is not final', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    const watcher = watch()
    await timing.advance(0)
    chain.add([to('a', 500n)])
    await timing.advance(120_000)
    expect(await balance('a')).toBe(0n)
    chain.fork(1, 'b', [to('b', 3n)])
    chain.finalize()
    await timing.advance(0)
    expect([await balance('a'), await balance('b')]).toEqual([0n, 3n])
    await watcher.close()
  })

  it('credits the transfer to an account that was opened after the watcher started', async () => {
    const { chain, store, timing, watch } = await makeWorld()
    const watcher = watch()
    await timing.advance(0)
    await store.accounts.create({ id: 'acc_new', name: 'new', depositAddress: '5Address_new' })
    chain.add([to('new', 9n)])
    chain.finalize()
    await timing.advance(0)
    expect((await store.ledger.readBalance('acc_new')).availableRao).toBe(9n)
    await watcher.close()
  })

  it('does not credit an address that only looks alike', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    const watcher = watch()
    await timing.advance(0)
    chain.add([{ to: '5address_a' }, { to: '5Address_a ' }, { to: '5Address_' }])
    chain.finalize()
    await timing.advance(0)
    expect([await balance('a'), watcher.state().unmatched]).toEqual([0n, 3])
    await watcher.close()
  })

  it('says by how many blocks deposits are late, and pages at 100', async () => {
    const { chain, timing, watch, log } = await makeWorld()
    const watcher = watch({ blocksPerTurn: 1 })
    await timing.advance(0)
    for (let number = 1; number <= 150; number += 1) chain.add()
    let lagSeen: number | null = 0
    const readTransfers = chain.readTransfers
    chain.readTransfers = async (number) => {
      if (number === 2) lagSeen = watcher.state().lagBlocks
      return await readTransfers(number)
    }
    chain.finalize()
    await timing.advance(0)
    expect(lagSeen).toBe(149)
    expect(log.lines.filter((line) => line === 'error: Deposits are credited late.').length).toBe(1)
    expect(watcher.state()).toMatchObject({ lagBlocks: 0, problem: null })
    await watcher.close()
  })
})

describe('restarting', () => {
  it('goes on where the last process stopped, and credits nothing twice', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    const first = watch()
    await timing.advance(0)
    chain.add([to('a')])
    chain.finalize()
    await timing.advance(0)
    await first.close()
    chain.add([to('a')])
    chain.add([to('b')])
    chain.finalize()
    const second = watch()
    await timing.advance(0)
    expect([await balance('a'), await balance('b')]).toEqual([20n, 10n])
    await second.close()
    expect(chain.listeners()).toBe(0)
  })

  it('any history, with restarts and failures anywhere: each final transfer is credited exactly once', async () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant('block' as const),
        transfers: fc.array(
          fc.record({
            name: fc.constantFrom('a', 'b', 'nobody'),
            amountRao: fc.constantFrom(1n, 2n, 2n ** 54n),
          }),
          { maxLength: 4 },
        ),
      }),
      fc.constant({ kind: 'finalize' as const }),
      fc.constant({ kind: 'restart' as const }),
      fc.constant({ kind: 'chain-fails' as const }),
      fc.constant({ kind: 'ledger-fails' as const }),
      fc.constant({ kind: 'answer-lost' as const }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 100, 5_000) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        async (events, blocksPerTurn) => {
          const world = await makeWorld()
          const { chain, store, timing } = world
          let loseAnswer = false
          const deposits = {
            ...store.deposits,
            async credit(...given: Parameters<typeof store.deposits.credit>) {
              const fresh = await store.deposits.credit(...given)
              if (loseAnswer) {
                loseAnswer = false
                throw new GatewayError('ledger_unavailable', 'lost')
              }
              return fresh
            },
          }
          let watcher = world.watch({ deposits, blocksPerTurn })
          await timing.advance(0)
          for (const happening of events) {
            if (happening.kind === 'block') {
              chain.add(happening.transfers.map(({ name, amountRao }) => to(name, amountRao)))
            } else if (happening.kind === 'finalize') chain.finalize()
            else if (happening.kind === 'restart') {
              // Without waiting for the old one: the new one must cope with what it still does.
              void watcher.close()
              watcher = world.watch({ deposits, blocksPerTurn })
            } else if (happening.kind === 'chain-fails') chain.failure = chain.failure ? null : unavailable()
            else if (happening.kind === 'ledger-fails') {
              if (store.books.failure) store.heal()
              else store.fail()
            } else if (happening.kind === 'answer-lost') loseAnswer = true
            else await timing.advance(happening.ms)
          }
          chain.failure = null
          store.heal()
          chain.finalize()
          await timing.advance(300_000)
          expect(watcher.state()).toMatchObject({ status: 'following', lagBlocks: 0, problem: null })
          for (const name of ['a', 'b']) expect(await world.balance(name)).toBe(received(world, name))
          expect((await store.ledger.verify()).holds).toBe(true)
          await watcher.close()
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('a chain that is not the same any more', () => {
  const follow = async (world: World) => {
    const watcher = world.watch()
    await world.timing.advance(0)
    world.chain.add([to('a')])
    world.chain.finalize()
    await world.timing.advance(0)
    return watcher
  }
  const expectStopped = (state: ReturnType<ReturnType<World['watch']>['state']>, problem: RegExp) => {
    expect(state.status).toBe('stopped')
    expect(state.problem).toMatch(problem)
  }

  it('stops when the credited block was replaced while the gateway was down', async () => {
    const world = await makeWorld()
    await (await follow(world)).close()
    world.chain.fork(1, 'b')
    world.chain.add([to('b')])
    world.chain.finalize()
    const watcher = world.watch()
    await world.timing.advance(0)
    expectStopped(watcher.state(), /block 1 was 0xa1, the chain now says 0xb1/)
    expect(await world.balance('b')).toBe(0n)
    expect(world.log.lines).toContain('error: Deposits are stopped: a person has to look.')
    await world.timing.advance(600_000)
    expect(await world.balance('b')).toBe(0n)
  })

  it('stops when the next block does not follow the last, and does not skip', async () => {
    const world = await makeWorld()
    const watcher = await follow(world)
    world.chain.fork(1, 'b')
    world.chain.add([to('b')])
    world.chain.finalize()
    await world.timing.advance(0)
    expectStopped(watcher.state(), /block 2 does not follow block 1/)
    expect(watcher.state().cursor).toMatchObject({ number: 1, hash: '0xa1' })
    expect([await world.balance('b'), world.chain.listeners()]).toEqual([0n, 0])
  })

  it('stops when the chain answers with another block than was asked for', async () => {
    const world = await makeWorld()
    const watcher = await follow(world)
    world.chain.add()
    world.chain.add([to('b')])
    const { blocks } = world.chain
    world.chain.readTransfers = async () => blocks[3]!
    world.chain.finalize()
    await world.timing.advance(0)
    expectStopped(watcher.state(), /block 2 was asked for, the chain answered with 3/)
  })

  it('refuses another genesis on the same store', async () => {
    const world = await makeWorld()
    await (await follow(world)).close()
    world.chain.genesisHash = `0x${'11'.repeat(32)}`
    const watcher = world.watch()
    await world.timing.advance(0)
    expectStopped(watcher.state(), /another data directory/)
  })

  it('credits nothing from a node on another branch than the finalised head', async () => {
    const world = await makeWorld()
    const watcher = await follow(world)
    world.chain.add([to('a', 1n)])
    const honest = world.chain.readTransfers
    world.chain.readTransfers = async (number) => ({
      ...(await honest(number)),
      hash: '0xother',
      transfers: [],
    })
    world.chain.finalize()
    await world.timing.advance(0)
    expect(watcher.state()).toMatchObject({ status: 'retrying', cursor: { number: 1 } })
    world.chain.readTransfers = honest
    await world.timing.advance(60_000)
    expect(watcher.state()).toMatchObject({ status: 'following', cursor: { number: 2 }, problem: null })
    expect(await world.balance('a')).toBe(11n)
    await watcher.close()
  })

  it('stops on events that it cannot read', async () => {
    const world = await makeWorld()
    const watcher = await follow(world)
    world.chain.add([to('a')])
    world.chain.failure = new TypeError('unexpected event layout')
    world.chain.finalize()
    await world.timing.advance(0)
    expectStopped(watcher.state(), /unexpected event layout/)
    expect(await world.balance('a')).toBe(10n)
  })

  it('waits for a node that is still behind the credited block', async () => {
    const world = await makeWorld()
    await (await follow(world)).close()
    world.chain.finalized = 0
    const watcher = world.watch()
    await world.timing.advance(0)
    expect(watcher.state()).toMatchObject({
      status: 'retrying',
      problem: 'The chain is at block 0, before 1.',
    })
    world.chain.finalized = 1
    await world.timing.advance(60_000)
    expect(watcher.state()).toMatchObject({ status: 'following', problem: null })
    await watcher.close()
  })
})

describe('while something does not answer', () => {
  it('waits longer and longer, at most 30 s, and says why; then catches up', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    chain.failure = unavailable()
    const watcher = watch()
    let tries = 0
    const readFinalized = chain.readFinalized
    chain.readFinalized = async () => {
      tries += 1
      return await readFinalized()
    }
    await timing.advance(600_000)
    expect(tries).toBeLessThan(30)
    expect(watcher.state()).toMatchObject({
      status: 'retrying',
      cursor: null,
      lagBlocks: null,
      problem: 'The chain cannot be reached.',
    })
    chain.failure = null
    await timing.advance(30_000)
    chain.add([to('a')])
    chain.finalize()
    await timing.advance(0)
    expect(await balance('a')).toBe(10n)
    expect(watcher.state()).toMatchObject({ status: 'following', problem: null })
    await watcher.close()
  })

  it('new heads do not hasten the next try', async () => {
    const { chain, store, timing, watch } = await makeWorld()
    const watcher = watch()
    await timing.advance(0)
    store.fail()
    let tries = 0
    const { readTransfers } = chain
    chain.readTransfers = async (number) => {
      tries += number === 1 ? 1 : 0
      return await readTransfers(number)
    }
    chain.add([to('a')])
    for (let second = 0; second < 120; second += 1) {
      chain.finalize()
      await timing.advance(1_000)
    }
    expect(tries).toBeLessThan(12)
    store.heal()
    await timing.advance(30_000)
    expect(watcher.state()).toMatchObject({ status: 'following', credited: 1 })
    await watcher.close()
  })

  it('a head that was announced and does not exist is forgotten', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    const watcher = watch()
    await timing.advance(0)
    chain.add([to('a')])
    chain.add()
    const { hash } = chain.add()
    chain.finalize()
    chain.blocks.pop()
    chain.finalized = 2
    await timing.advance(60_000)
    expect(hash).toBe('0xa3')
    expect(watcher.state()).toMatchObject({ status: 'following', cursor: { number: 2 }, lagBlocks: 0 })
    expect(await balance('a')).toBe(10n)
    await watcher.close()
  })

  it('another process that moved the cursor is followed, not fought', async () => {
    const { chain, store, timing, watch, balance } = await makeWorld()
    const first = watch()
    const second = watch()
    await timing.advance(5_000)
    for (let number = 1; number <= 10; number += 1) {
      chain.add([to('a')])
      chain.finalize()
      await timing.advance(5_000)
    }
    await timing.advance(60_000)
    expect(await balance('a')).toBe(100n)
    expect(store.books.deposits.size).toBe(10)
    await Promise.all([first.close(), second.close()])
  })

  it('closing waits for the credit that is under way', async () => {
    const { chain, store, timing, watch, balance } = await makeWorld()
    let letGo = () => {}
    const slow = {
      ...store.deposits,
      async credit(...given: Parameters<typeof store.deposits.credit>) {
        await new Promise<void>((resolve) => {
          letGo = resolve
        })
        return await store.deposits.credit(...given)
      },
    }
    await store.deposits.credit(
      null,
      { genesisHash: chain.genesisHash!, ...(await chain.readFinalized()) },
      [],
    )
    const watcher = watch({ deposits: slow })
    chain.add([to('a')])
    chain.finalize()
    await timing.advance(0)
    let isClosed = false
    const closing = watcher.close().then(() => {
      isClosed = true
    })
    await timing.advance(1_000)
    expect(isClosed).toBe(false)
    letGo()
    await closing
    expect(await balance('a')).toBe(10n)
  })

  it('nothing happens after closing', async () => {
    const { chain, timing, watch, balance } = await makeWorld()
    const watcher = watch()
    await timing.advance(0)
    chain.add([to('a')])
    chain.finalize()
    await watcher.close()
    await timing.advance(120_000)
    expect(await balance('a')).toBe(0n)
    expect(watcher.state().status).toBe('closed')
    expect([chain.listeners(), timing.pending()]).toEqual([0, 0])
  })
})

/** What the finalised chain says an account received since block 0. */
function received({ chain }: { chain: FakeChain }, name: string): bigint {
  const transfers = chain.blocks.slice(1, chain.finalized + 1).flatMap((block) => block.transfers)
  const own = transfers.filter((transfer) => transfer.to === `5Address_${name}`)
  return own.reduce((sumRao, transfer) => sumRao + transfer.amountRao, 0n)
}
