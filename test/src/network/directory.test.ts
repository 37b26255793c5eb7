import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Directory } from '../../../src/network/directory.ts'
import { parseSubnetsFile } from '../../../src/network/subnets-file.ts'
import { metagraph, neuron } from './metagraph.ts'

const file = parseSubnetsFile(readFileSync('profiles/devnet/subnets.json', 'utf8'))
const directory = (change: Partial<typeof file> = {}) =>
  new Directory({ file: { ...file, ...change }, bearers: new Map() })

describe('models', () => {
  it('are found by their public name, and by that name behind a fault prefix, which is never listed', () => {
    const here = directory()
    expect(here.find('yuma-text')[0]).toMatchObject({ id: 'yuma-text', upstreamModel: 'yuma-text' })
    expect(here.find('cut-yuma-text')[0]).toMatchObject({
      id: 'cut-yuma-text',
      listedId: 'yuma-text',
      upstreamModel: 'cut-yuma-text',
    })
    expect(here.list().map(({ model }) => model.id)).toEqual([
      'yuma-text',
      'yuma-transcribe',
      'yuma-vision',
      'yuma-image',
    ])
    expect(here.find('odd-yuma-text')).toEqual([])
    expect(directory({ faultPrefixes: [] }).find('cut-yuma-text')).toEqual([])
  })
})

describe('miners', () => {
  it('are none before a snapshot, and the status says why', () => {
    expect(directory().readMiners('text').miners).toEqual([])
    expect(directory().explain('text')).toBe('no snapshot of the chain yet')
  })

  it('are the callable ones alone; every other neuron is counted under its reason', () => {
    const here = directory()
    here.take(
      metagraph({
        neurons: [
          neuron(0, { hotkey: 'owner-hot', incentive: 40_000 }),
          neuron(1, { incentive: 0, validatorPermit: true, axon: null }),
          neuron(2, { axon: null }),
          neuron(3, { axon: { ip: '10.1.2.3', port: 8091, ipType: 4, version: 1 } }),
          neuron(4, { axon: { ip: '127.0.0.1', port: 9001, ipType: 4, version: 1 } }),
          neuron(5, { axon: { ip: '8.8.8.8', port: 22, ipType: 4, version: 1 } }),
          neuron(6, { coldkey: 'owner-cold' }),
        ],
      }),
    )
    const { miners, block } = here.readMiners('text')
    expect(block).toBe(100)
    expect(miners.map(({ target }) => target.baseUrl)).toEqual(['http://127.0.0.1:9001'])
    expect(here.status()[0]).toMatchObject({
      callable: 1,
      total: 7,
      reasons: { 'owner-burn': 2, 'no-incentive': 1, 'no-axon': 1, 'private-address': 1, 'low-port': 1 },
    })
  })

  it('on loopback are not called unless the file allows it', () => {
    const here = directory({ allowLoopbackMiners: false })
    here.take(
      metagraph({ neurons: [neuron(1, { axon: { ip: '127.0.0.1', port: 9001, ipType: 4, version: 1 } })] }),
    )
    expect(here.readMiners('text').miners).toEqual([])
    expect(here.explain('text')).toBe('the subnet has no callable miner')
  })

  it('of a netuid that was given to another subnet are not called', () => {
    const [text, ...rest] = file.experts
    if (!text) throw new Error('no expert')
    const pinned = directory({
      experts: [{ ...text, networkName: 'text', networkRegisteredAtBlock: 1 }, ...rest],
    })
    pinned.take(metagraph({ neurons: [neuron(1)] }))
    expect(pinned.readMiners('text').miners).toHaveLength(1)
    pinned.take(metagraph({ neurons: [neuron(1)], networkRegisteredAtBlock: 5_000 }))
    expect(pinned.readMiners('text').miners).toEqual([])
    expect(pinned.explain('text')).toContain('another subnet now')
  })

  it('are ranked by the scores of their own mechanism: each of two gets its own snapshot', () => {
    const here = directory()
    here.take(metagraph({ netuid: 19, mechid: 1, neurons: [neuron(1, { incentive: 7 })] }))
    expect(here.readMiners('image').miners[0]?.incentive).toBe(7)
    expect(here.readMiners('vision').miners).toEqual([])
  })
})
