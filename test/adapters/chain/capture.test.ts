/** Real mainnet bytes: the metadata of spec 424 and the answer for a subnet of 1,024 neurons. See test/fixtures/chain/SOURCE.md. */
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import { Metadata, TypeRegistry } from '@polkadot/types'
import { beforeAll, describe, expect, it } from 'vitest'
import { convertMetagraph } from '../../../adapters/chain/convert.ts'
import { Decoder } from '../../../adapters/chain/decoder.ts'
import { createChain } from '../../../adapters/chain/index.ts'
import { findMetagraphMethod, parseMetagraph } from '../../../adapters/chain/metagraph-call.ts'
import type { RuntimeView } from '../../../adapters/chain/runtime.ts'
import { decodeTransfers } from '../../../adapters/chain/transfers.ts'
import { startStage } from '../../devnet/chain/stage.ts'

const read = (name: string) => brotliDecompressSync(readFileSync(`test/fixtures/chain/${name}.br`))
const metadataBytes = read('subtensor-424.v16.scale')
const answer = read('selective-mechagraph-1.scale')
const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}` as const
const PLACE = { netuid: 1, mechid: 0, block: 1, blockHash: '0xblock', genesisHash: '0xgenesis' }

describe('by itself', () => {
  let view: RuntimeView
  let output: { decode(bytes: Uint8Array): unknown }
  beforeAll(() => {
    const registry = new TypeRegistry()
    const metadata = new Metadata(registry, hex(metadataBytes))
    registry.setMetadata(metadata, undefined, undefined, true)
    view = { registry, metadata, decoder: new Decoder(metadata.asLatest.lookup) }
    output = findMetagraphMethod(view)!
  })

  it('decodes to the last byte, 1,024 neurons with what each published', () => {
    const metagraph = convertMetagraph(PLACE, parseMetagraph(output.decode(answer), 1))
    expect(metagraph.name).toBe('Apex')
    expect(metagraph.ownerHotkey).toBe('5HCFWvRqzSHWRPecN7q8J6c7aKQnrCZTMHstPv39xL1wgDHh')
    expect(metagraph.neurons).toHaveLength(1024)
    expect(metagraph.neurons.filter(({ axon }) => axon !== null)).toHaveLength(827)
    expect(metagraph.neurons[0]).toEqual({
      uid: 0,
      hotkey: '5DkMmXtWf16RNdusZGCrJ7ca7ADPgRnZLVWCWbgA7s7sy1AQ',
      coldkey: '5EhQWxcFdYAk7B9tNdQnJQFzww5N3964rbsMk55SujcX3PwM',
      incentive: 0,
      emissionAlphaRao: 0n,
      validatorPermit: false,
      active: false,
      stakeRao: 2_557_172_316n,
      lastUpdateBlock: 2_543_521,
      registeredAtBlock: 6_575_900,
      axon: { ip: '192.222.59.109', port: 6028, ipType: 4, version: 9_011_001 },
    })
  })

  it('shows that the leader by incentive is the burn of the subnet owner', () => {
    const { neurons, ownerHotkey, ownerColdkey } = convertMetagraph(
      PLACE,
      parseMetagraph(output.decode(answer), 1),
    )
    const leaders = neurons.filter(({ incentive }) => incentive > 0)
    expect(leaders.map(({ incentive }) => incentive)).toEqual([65_535])
    expect(leaders.every(({ hotkey, coldkey }) => hotkey === ownerHotkey || coldkey === ownerColdkey)).toBe(
      true,
    )
  })

  it('agrees with the library that decodes it in another way', () => {
    const method = view.metadata.asLatest.apis
      .find(({ name }) => name.toString() === 'SubnetInfoRuntimeApi')!
      .methods.find(({ name }) => name.toString() === 'get_selective_mechagraph')!
    const type = view.registry.createLookupType(method.output)
    const theirs = view.registry.createType(type, answer).toJSON() as Record<string, any>
    const { neurons } = convertMetagraph(PLACE, parseMetagraph(output.decode(answer), 1))
    expect(neurons.map(({ hotkey }) => hotkey)).toEqual(theirs.hotkeys)
    expect(neurons.map(({ coldkey }) => coldkey)).toEqual(theirs.coldkeys)
    expect(neurons.map(({ incentive }) => incentive)).toEqual(theirs.incentives)
    expect(neurons.map(({ emissionAlphaRao }) => emissionAlphaRao)).toEqual(theirs.emission.map(BigInt))
    expect(neurons.map(({ stakeRao }) => stakeRao)).toEqual(theirs.totalStake.map(BigInt))
  })

  it.each([1, 100, 50_000, answer.length - 1])('refuses it when it ends after %i bytes', (length) => {
    expect(() => parseMetagraph(output.decode(answer.subarray(0, length)), 1)).toThrow()
  })

  it('refuses it with a byte too many', () => {
    expect(() => output.decode(Buffer.concat([answer, Buffer.from([0])]))).toThrow(/left over/)
  })

  it('knows the transfer event of the real runtime', () => {
    // No events at all: the layout is checked before anything is read.
    expect(decodeTransfers(view, new Uint8Array([0]))).toEqual([])
  })
})

it('is read through a connection, with the metadata in its newest form', async () => {
  const stage = await startStage()
  const version16 = Buffer.concat([Buffer.from([1]), compactLength(metadataBytes.length), metadataBytes])
  stage.operations.override('state_call', ([name]) => {
    if (name === 'Metadata_metadata_versions') return '0x0c0e0000000f00000010000000'
    if (name === 'Metadata_metadata_at_version') return hex(version16)
    if (name === 'SubnetInfoRuntimeApi_get_selective_mechagraph') return hex(answer)
    throw new Error(`${name} was not expected.`)
  })
  const chain = createChain({
    endpoints: [stage.endpoint],
    genesisHash: stage.genesisHash,
    callTimeoutMs: 30_000,
    headAgeMsMax: 60_000,
    now: () => performance.now(),
  })
  try {
    await chain.ready(40_000)
    expect((await chain.readMetagraph(1, 0)).neurons).toHaveLength(1024)
  } finally {
    await chain.close()
    await stage.close()
  }
})

/** SCALE's compact form of lengths from 2^14 to 2^30. */
function compactLength(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length * 4 + 2)
  return bytes
}
