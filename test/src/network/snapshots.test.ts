import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Directory } from '../../../src/network/directory.ts'
import { convertMetagraph, parseMetagraph } from '../../../src/network/snapshot-json.ts'
import { Snapshots } from '../../../src/network/snapshots.ts'
import { parseSubnetsFile } from '../../../src/network/subnets-file.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import { FAKE_GENESIS, fakeChain } from '../../fakes/chain.ts'
import { fakeDocuments } from '../../fakes/documents.ts'
import { aMetagraph, aNeuron } from '../../fakes/metagraph.ts'

const AGE_MS_MAX = 60_000

const file = parseSubnetsFile(
  JSON.stringify({
    version: 1,
    experts: [
      { name: 'seven', netuid: 7, dialect: 'dendrite10', models: [{ id: 'a', capabilities: ['chat'] }] },
      { name: 'eight', netuid: 8, dialect: 'dendrite10', models: [{ id: 'b', capabilities: ['chat'] }] },
    ],
    prices: Object.fromEntries(
      ['a', 'b'].map((id) => [
        id,
        ['input_token', 'output_token'].map((meter) => ({ meter, rao: '1', per: '1' })),
      ]),
    ),
  }),
)

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-25T12:00:00Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

function makeWorld() {
  const chain = fakeChain()
  chain.setMetagraph(aMetagraph({ netuid: 7 }))
  chain.setMetagraph(aMetagraph({ netuid: 8 }))
  const documents = fakeDocuments(() => Date.now())
  const warnings: string[] = []
  const note = (_facts: object, sentence: string) => void warnings.push(sentence)
  const log: Logger = { error: note, warn: note, info: () => undefined, debug: () => undefined }
  let changes = 0
  const open = () => {
    const directory = new Directory({ file, bearers: new Map() })
    const snapshots = new Snapshots({
      chain,
      directory,
      documents,
      log,
      wallMs: () => Date.now(),
      ageMsMax: AGE_MS_MAX,
      onChange: () => {
        changes += 1
      },
    })
    return { directory, snapshots, callable: () => directory.status().map(({ callable }) => callable) }
  }
  const mine = (count: number) => {
    for (let index = 0; index < count; index++) chain.addBlock()
    chain.finalize()
  }
  return { chain, documents, warnings, open, mine, changes: () => changes }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

it('reads every subnet at the start and puts it to use', async () => {
  const { open, changes } = makeWorld()
  const { snapshots, callable } = open()
  await snapshots.start()
  expect(callable()).toEqual([2, 2])
  expect(changes()).toBe(1)
  expect(snapshots.oldestAgeMs()).toBe(0)
  expect(snapshots.oldestBlock()).toBe(0)
  snapshots.close()
})

it('reads again after as many blocks as axons may take to change, not with every block', async () => {
  const { open, chain, mine } = makeWorld()
  const { snapshots, callable } = open()
  await snapshots.start()
  const reads = chain.reads
  chain.setMetagraph(aMetagraph({ netuid: 7, neurons: [aNeuron(2)] }))
  mine(24)
  await settle()
  expect(chain.reads).toBe(reads)
  mine(1)
  await settle()
  expect(chain.reads).toBe(reads + 2)
  expect(callable()).toEqual([1, 2])
  snapshots.close()
})

it('a subnet with a short tempo is read once per tempo', async () => {
  const { open, chain, mine } = makeWorld()
  for (const netuid of [7, 8]) chain.setMetagraph(aMetagraph({ netuid, tempo: 10 }))
  const { snapshots } = open()
  await snapshots.start()
  const reads = chain.reads
  mine(10)
  await settle()
  expect(chain.reads).toBe(reads + 2)
  snapshots.close()
})

describe('while the chain is away', () => {
  it('serves from the last snapshot until it is too old, then from none, then again', async () => {
    const { open, chain, mine } = makeWorld()
    const { snapshots, directory, callable } = open()
    await snapshots.start()
    chain.setReachable(false)
    await vi.advanceTimersByTimeAsync(AGE_MS_MAX)
    expect(callable()).toEqual([2, 2])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(callable()).toEqual([0, 0])
    expect(directory.explain('seven')).toMatch(/too old/)
    chain.setReachable(true)
    mine(25)
    await settle()
    expect(callable()).toEqual([2, 2])
    snapshots.close()
  })

  it('tries again by itself, at longer and longer intervals', async () => {
    const { open, chain } = makeWorld()
    chain.setReachable(false)
    const { snapshots, callable } = open()
    await snapshots.start()
    expect(callable()).toEqual([0, 0])
    chain.setReachable(true)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(callable()).toEqual([2, 2])
    snapshots.close()
  })

  it('a restart serves from what is stored, if it is of this chain and young enough', async () => {
    const { open, chain } = makeWorld()
    const first = open()
    await first.snapshots.start()
    first.snapshots.close()
    chain.setReachable(false)
    await vi.advanceTimersByTimeAsync(AGE_MS_MAX - 1_000)
    const second = open()
    expect(await second.snapshots.restore(FAKE_GENESIS)).toBe(2)
    expect(second.callable()).toEqual([2, 2])
    expect(second.snapshots.oldestAgeMs()).toBe(AGE_MS_MAX - 1_000)
    expect(await open().snapshots.restore('0xanother')).toBe(0)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await open().snapshots.restore(FAKE_GENESIS)).toBe(0)
  })

  it('what is stored and is not a snapshot is passed over', async () => {
    const { open, documents } = makeWorld()
    await documents.write('snapshot/7/0', { netuid: 7, neurons: 'many' })
    expect(await open().snapshots.restore(null)).toBe(0)
  })
})

describe('one subnet that cannot be read', () => {
  it('does not keep the others from being read, and is tried again by one timer, not by every block', async () => {
    const { open, chain, mine, warnings } = makeWorld()
    chain.removeMetagraph(8, 0)
    const { snapshots, callable } = open()
    await snapshots.start()
    expect(callable()).toEqual([2, 0])
    expect(warnings).toHaveLength(1)
    for (let block = 0; block < 20; block++) mine(1)
    await settle()
    expect(warnings).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(warnings).toHaveLength(2)
    chain.setMetagraph(aMetagraph({ netuid: 8 }))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(callable()).toEqual([2, 2])
    expect(vi.getTimerCount()).toBe(1)
    snapshots.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('an answer from the past, of a node that is behind, does not replace a newer snapshot', async () => {
  const { open, chain, mine } = makeWorld()
  mine(50)
  const { snapshots, callable } = open()
  await snapshots.start()
  const readMetagraph = chain.readMetagraph.bind(chain)
  chain.readMetagraph = async (netuid, mechid) => ({
    ...(await readMetagraph(netuid, mechid)),
    block: 40,
    neurons: [],
  })
  await snapshots.refresh()
  expect(callable()).toEqual([2, 2])
  expect(snapshots.oldestBlock()).toBe(50)
  snapshots.close()
})

it('a wall clock that is put forward costs one reading, not the service', async () => {
  const { open } = makeWorld()
  const { snapshots, callable } = open()
  await snapshots.start()
  vi.setSystemTime(Date.now() + 3 * 3_600_000)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(callable()).toEqual([2, 2])
  snapshots.close()
})

it('nothing is read once it is closed', async () => {
  const { open, chain, mine } = makeWorld()
  const { snapshots } = open()
  await snapshots.start()
  snapshots.close()
  const reads = chain.reads
  mine(100)
  await vi.advanceTimersByTimeAsync(600_000)
  expect(chain.reads).toBe(reads)
})

it('a snapshot survives being stored, exactly', () => {
  const metagraph = aMetagraph({
    neurons: [
      aNeuron(0, { stakeRao: 2n ** 63n, emissionAlphaRao: 9_007_199_254_740_993n, axon: null }),
      aNeuron(1),
    ],
  })
  expect(parseMetagraph(JSON.parse(JSON.stringify(convertMetagraph(metagraph))))).toEqual(metagraph)
})

it.each([
  ['a member too many', { extra: 1 }],
  ['an incentive beyond its range', { neurons: [{ ...aNeuron(0), incentive: 70_000 }] }],
  ['no neurons', { neurons: undefined }],
])('a stored snapshot with %s is not used', (_name, change) => {
  const json = JSON.parse(
    JSON.stringify({ ...(convertMetagraph(aMetagraph()) as object), ...change }, (_key, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  )
  expect(parseMetagraph(json)).toBeNull()
})
