import { describe, expect, it } from 'vitest'
import { Directory } from '../../../src/network/directory.ts'
import { parseSubnetsFile } from '../../../src/network/subnets-file.ts'
import { aMetagraph, aNeuron } from '../../fakes/metagraph.ts'

const price = [
  { meter: 'input_token', rao: '1', per: '1' },
  { meter: 'output_token', rao: '1', per: '1' },
]

function fileOf(experts: readonly object[], more: object = {}) {
  const ids = experts.flatMap((expert) => (expert as { models: { id: string }[] }).models.map(({ id }) => id))
  return parseSubnetsFile(
    JSON.stringify({
      version: 1,
      experts,
      prices: Object.fromEntries(ids.map((id) => [id, price])),
      faultPrefixes: ['fail-'],
      ...more,
    }),
  )
}

const chat = (id: string, more: object = {}) => ({ id, capabilities: ['chat'], ...more })
const seven = (more: object = {}) => ({
  name: 'seven',
  netuid: 7,
  dialect: 'dendrite10',
  models: [chat('model-a'), chat('model-b')],
  ...more,
})
const server = {
  name: 'server',
  url: 'https://example.com/v1/',
  dialect: 'openai',
  models: [chat('model-c', { upstream: 'their-name' })],
}

const directoryOf = (experts: readonly object[]) =>
  new Directory({ file: fileOf(experts), bearers: new Map([['server', 'secret']]) })

describe('models', () => {
  it('are listed in the order of the file', () => {
    const directory = directoryOf([server, seven()])
    expect(directory.list().map(({ model }) => model.id)).toEqual(['model-c', 'model-a', 'model-b'])
    expect(directory.listFor('chat').map(({ id }) => id)).toEqual(['model-c', 'model-a', 'model-b'])
    expect(directory.listFor('image.generate')).toEqual([])
  })

  it('are found by name, with what the miner is asked for', () => {
    const directory = directoryOf([server, seven()])
    expect(directory.find('model-c')).toMatchObject([
      { id: 'model-c', listedId: 'model-c', upstreamModel: 'their-name' },
    ])
    expect(directory.find('their-name')).toEqual([])
    expect(directory.find('nothing')).toEqual([])
  })

  it('with a fault prefix are the same model to the bill, and another to the miner; none of them is listed', () => {
    const directory = directoryOf([server, seven()])
    expect(directory.find('fail-model-c')).toMatchObject([
      { id: 'fail-model-c', listedId: 'model-c', upstreamModel: 'fail-their-name' },
    ])
    expect(directory.find('fail-nothing')).toEqual([])
    expect(directory.find('fail-fail-model-c')).toEqual([])
    expect(directory.list().some(({ model }) => model.id.startsWith('fail-'))).toBe(false)
  })

  it('of one name at two experts are two offers, listed once', () => {
    const directory = directoryOf([seven(), { ...server, models: [chat('model-a')] }])
    expect(directory.find('model-a').map(({ expert }) => expert.name)).toEqual(['seven', 'server'])
    expect(directory.list().filter(({ model }) => model.id === 'model-a')).toHaveLength(1)
  })
})

describe('miners', () => {
  it('come from the snapshot: those that can be called, under their hotkey, at their literal address', () => {
    const directory = directoryOf([seven()])
    directory.take(
      aMetagraph({
        neurons: [
          aNeuron(0, { incentive: 20_000 }),
          aNeuron(1, { incentive: 0, validatorPermit: true, axon: null }),
          aNeuron(2, {
            incentive: 30_000,
            axon: { ip: '2606:4700:0:0:0:0:0:1', port: 9000, ipType: 6, version: 1 },
          }),
          aNeuron(3, { incentive: 15_000, axon: { ip: '10.0.0.1', port: 9000, ipType: 4, version: 1 } }),
        ],
      }),
    )
    expect(directory.readMiners('seven')).toEqual({
      block: 100,
      miners: [
        {
          target: {
            netuid: 7,
            mechid: 0,
            uid: 2,
            hotkey: '5Hotkey2',
            baseUrl: 'http://[2606:4700:0:0:0:0:0:1]:9000',
            bearer: null,
          },
          coldkey: '5Coldkey2',
          network: '2606:4700:0:0::/64',
          incentive: 30_000,
        },
      ],
    })
    expect(directory.status()[0]).toMatchObject({
      callable: 1,
      total: 4,
      block: 100,
      problem: null,
      reasons: { 'owner-burn': 1, 'no-incentive': 1, 'private-address': 1 },
    })
  })

  it('are the same array until the next snapshot', () => {
    const directory = directoryOf([seven()])
    directory.take(aMetagraph())
    expect(directory.readMiners('seven').miners).toBe(directory.readMiners('seven').miners)
  })

  it('of each mechanism are those that it scores', () => {
    const directory = directoryOf([
      seven(),
      seven({ name: 'seven-one', mechid: 1, models: [chat('model-d')] }),
    ])
    expect(directory.listSubnets()).toEqual([
      { netuid: 7, mechid: 0 },
      { netuid: 7, mechid: 1 },
    ])
    directory.take(aMetagraph({ mechid: 1 }))
    expect(directory.readMiners('seven').miners).toEqual([])
    expect(directory.readMiners('seven-one').miners).toHaveLength(2)
  })

  it('of a server that is named by URL are that server, with its key, without a chain', () => {
    const directory = directoryOf([server])
    expect(directory.listSubnets()).toEqual([])
    expect(directory.readMiners('server')).toMatchObject({
      block: null,
      miners: [
        {
          target: { netuid: null, uid: null, baseUrl: 'https://example.com/v1', bearer: 'secret' },
          network: null,
        },
      ],
    })
    expect(directory.explain('server')).toBeNull()
  })

  it('are none before the first snapshot, and the directory says why', () => {
    const directory = directoryOf([seven()])
    expect(directory.readMiners('seven')).toEqual({ block: null, miners: [] })
    expect(directory.explain('seven')).toBe('no snapshot of the chain yet')
    expect(directory.explain('nobody')).toBeNull()
  })
})

describe('a netuid that is not what the file means', () => {
  it.each([
    ['a name', { networkName: 'Eight' }, /named "Seven" on the chain, not "Eight"/],
    [
      'the block of its registration',
      { networkRegisteredAtBlock: 6 },
      /registered at block 5, not 6.*another subnet now/,
    ],
  ])('is not used when %s differs', (_name, more, problem) => {
    const directory = directoryOf([seven(more)])
    directory.take(aMetagraph())
    expect(directory.readMiners('seven').miners).toEqual([])
    expect(directory.explain('seven')).toMatch(problem)
  })

  it('is given up when it changes while it is in use', () => {
    const directory = directoryOf([seven({ networkName: 'Seven', networkRegisteredAtBlock: 5 })])
    directory.take(aMetagraph())
    expect(directory.readMiners('seven').miners).toHaveLength(2)
    directory.take(aMetagraph({ networkRegisteredAtBlock: 900 }))
    expect(directory.readMiners('seven').miners).toEqual([])
  })
})
