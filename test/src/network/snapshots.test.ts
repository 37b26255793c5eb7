import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { Directory } from '../../../src/network/directory.ts'
import { convertMetagraph, parseMetagraph } from '../../../src/network/snapshot-json.ts'
import { Snapshots } from '../../../src/network/snapshots.ts'
import { parseSubnetsFile } from '../../../src/network/subnets-file.ts'
import type { BlockReference, Chain } from '../../../src/ports/chain.ts'
import { fakeStore } from '../../fakes/store.ts'
import { metagraph, neuron } from './metagraph.ts'

const file = parseSubnetsFile(readFileSync('profiles/devnet/subnets.json', 'utf8'))
const silent = { info() {}, warn() {}, error() {}, debug() {} }
const AGE_MS_MAX = 60_000

const opened: Snapshots[] = []
afterEach(() => {
  for (const snapshots of opened.splice(0)) snapshots.close()
})

/** A chain that answers from memory, or not at all. */
function chainOf() {
  const listeners: ((head: BlockReference) => void)[] = []
  const scene = { block: 100, isAway: false, reads: 0 }
  const chain: Chain = {
    ready: async () => undefined,
    async readMetagraph(netuid, mechid) {
      scene.reads += 1
      if (scene.isAway) throw new GatewayError('chain_unavailable', 'away')
      return metagraph({ netuid, mechid, block: scene.block, neurons: [neuron(1)] })
    },
    readFinalized: async () => ({ number: scene.block, hash: '0xb' }),
    readTransfers: async () => ({ number: 0, hash: '', parentHash: '', transfers: [] }),
    onFinalized(listener) {
      listeners.push(listener)
      return () => undefined
    },
    state: () => ({
      connected: !scene.isAway,
      endpoint: 'ws://x',
      genesisHash: '0xa',
      specVersion: 1,
      finalized: null,
      headAgeMs: null,
      problem: null,
    }),
    close: async () => undefined,
  }
  const announce = (number: number) => {
    scene.block = number
    for (const listener of listeners) listener({ number, hash: '0xb' })
  }
  return { chain, scene, announce }
}

function snapshotsOf(chain: Chain, store = fakeStore(), wallMs: () => number = Date.now) {
  const directory = new Directory({ file, bearers: new Map() })
  const snapshots = new Snapshots({
    chain,
    directory,
    documents: store.documents,
    log: silent,
    wallMs,
    ageMsMax: AGE_MS_MAX,
    onChange: () => undefined,
  })
  opened.push(snapshots)
  return { snapshots, directory, store }
}

describe('Snapshots', () => {
  it('reads every subnet and mechanism once at the start', async () => {
    const { chain, scene } = chainOf()
    const { snapshots, directory } = snapshotsOf(chain)
    await snapshots.start()
    expect(scene.reads).toBe(4)
    for (const name of ['text', 'speech', 'vision', 'image'])
      expect(directory.readMiners(name).miners).toHaveLength(1)
  })

  it('reads anew after some blocks, not after each', async () => {
    const { chain, scene, announce } = chainOf()
    const { snapshots } = snapshotsOf(chain)
    await snapshots.start()
    announce(110)
    await snapshots.refresh()
    const after = scene.reads
    announce(111)
    expect(scene.reads).toBe(after)
    announce(140)
    await expect.poll(() => scene.reads).toBeGreaterThan(after)
  })

  it('keeps serving from the last good one while the chain is away', async () => {
    const { chain, scene } = chainOf()
    const { snapshots, directory } = snapshotsOf(chain)
    await snapshots.start()
    scene.isAway = true
    await snapshots.refresh()
    expect(directory.readMiners('text').miners).toHaveLength(1)
  })

  it('after a restart serves from the stored one, also when the chain is away', async () => {
    const first = chainOf()
    const { store } = await startedOn(first.chain)
    const away = chainOf()
    away.scene.isAway = true
    const { snapshots, directory } = snapshotsOf(away.chain, store)
    expect(await snapshots.restore('0xa')).toBe(4)
    expect(directory.readMiners('text')).toMatchObject({
      block: 100,
      miners: [{ target: { hotkey: 'hot-1' } }],
    })
  })

  it('does not serve from one of another chain, or from one that is too old', async () => {
    const { store } = await startedOn(chainOf().chain)
    expect(await snapshotsOf(chainOf().chain, store).snapshots.restore('0xother')).toBe(0)
    const late = snapshotsOf(chainOf().chain, store, () => Date.now() + AGE_MS_MAX + 1)
    expect(await late.snapshots.restore('0xa')).toBe(0)
  })

  it('counts the age from when its block was first read: a node that has stalled repeats it', async () => {
    const { chain, scene } = chainOf()
    const clock = { nowMs: 1_000_000 }
    const { snapshots } = snapshotsOf(chain, fakeStore(), () => clock.nowMs)
    await snapshots.start()
    clock.nowMs += 50_000
    await snapshots.refresh()
    expect(snapshots.oldestAgeMs()).toBe(50_000)
    scene.block = 101
    await snapshots.refresh()
    expect(snapshots.oldestAgeMs()).toBe(0)
  })

  it('does not make a stored snapshot young by reading its block again', async () => {
    const clock = { nowMs: 1_000_000 }
    const store = fakeStore({ now: () => clock.nowMs })
    await startedOn(chainOf().chain, store, () => clock.nowMs)
    for (const ageMs of [20_000, 40_000]) {
      clock.nowMs = 1_000_000 + ageMs
      const { snapshots } = snapshotsOf(chainOf().chain, store, () => clock.nowMs)
      expect(await snapshots.restore('0xa')).toBe(4)
      await snapshots.start()
      expect(snapshots.oldestAgeMs()).toBe(ageMs)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })

  it('stops serving from a chain that has stalled, and serves again with its next block', async () => {
    vi.useFakeTimers()
    try {
      const { chain, announce } = chainOf()
      const { snapshots, directory } = snapshotsOf(chain)
      await snapshots.start()
      await vi.advanceTimersByTimeAsync(AGE_MS_MAX + 30_000)
      expect(directory.readMiners('text').miners).toHaveLength(0)
      announce(101)
      await vi.advanceTimersByTimeAsync(0)
      expect(directory.readMiners('text')).toMatchObject({ block: 101, miners: [{}] })
    } finally {
      vi.useRealTimers()
    }
  })
})

async function startedOn(chain: Chain, store = fakeStore(), wallMs: () => number = Date.now) {
  const started = snapshotsOf(chain, store, wallMs)
  await started.snapshots.start()
  await new Promise((resolve) => setImmediate(resolve))
  return started
}

describe('a stored snapshot', () => {
  it('comes back exactly, amounts over 2^53 too', () => {
    const whole = metagraph({ neurons: [neuron(1), neuron(2, { axon: null })] })
    expect(parseMetagraph(JSON.parse(JSON.stringify(convertMetagraph(whole))))).toEqual(whole)
  })

  it('of another shape is passed over', () => {
    expect(parseMetagraph({ netuid: 1 })).toBeNull()
    expect(parseMetagraph(null)).toBeNull()
  })
})
