/** What every chain must do. Adapters and the fake both run it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import type { BlockReference, Chain } from '../../src/ports/chain.ts'

export type PlannedTransfer = { readonly to: string; readonly amountRao: bigint }

/** A chain and the hand that moves it. */
export type ChainStage = {
  readonly chain: Chain
  /** A subnet with two mechanisms, and a netuid that nobody has. */
  readonly netuid: number
  readonly unknownNetuid: number
  /** ss58 addresses that transfers may go to. */
  readonly addresses: readonly [string, string]
  /** Makes one block with these transfers. It is not final. */
  addBlock(transfers: readonly PlannedTransfer[]): Promise<void>
  /** Makes all of the blocks final, at least one block more than before. */
  finalize(): Promise<void>
  /** Cuts the chain off, or brings it back. */
  setReachable(isReachable: boolean): Promise<void>
  close(): Promise<void>
}

export function chainContract(name: string, make: () => Promise<ChainStage>): void {
  describe(`chain contract: ${name}`, () => {
    let stage: ChainStage
    let chain: Chain
    beforeAll(async () => {
      stage = await make()
      chain = stage.chain
      await chain.ready(20_000)
    })
    afterAll(() => stage.close())

    it('is connected, to a known genesis, with nothing wrong', () => {
      expect(chain.state()).toMatchObject({ connected: true, problem: null })
      expect(chain.state().genesisHash).toMatch(/^0x[0-9a-f]{64}$/)
      expect(chain.state().specVersion).toBeGreaterThan(0)
    })

    it('names the last finalised block by number and hash, and moves on with it', async () => {
      const before = await chain.readFinalized()
      await stage.finalize()
      const after = await chain.readFinalized()
      expect(after.number).toBeGreaterThan(before.number)
      expect(after.hash).toMatch(/^0x[0-9a-f]{64}$/)
      expect((await chain.readTransfers(before.number)).hash).toBe(before.hash)
    })

    it('reads two equal transfers of one block as two, by the index of their events', async () => {
      const [to] = stage.addresses
      const twice = { to, amountRao: 9_007_199_254_740n }
      const { number } = await addFinal(stage, [twice, twice])
      const { transfers } = await chain.readTransfers(number)
      expect(transfers.map(({ to, amountRao }) => ({ to, amountRao }))).toEqual([twice, twice])
      const indexes = transfers.map(({ eventIndex }) => eventIndex)
      expect(new Set(indexes).size).toBe(2)
      expect([...indexes].sort((left, right) => left - right)).toEqual(indexes)
    })

    it('reads a block the same way every time', async () => {
      const [, to] = stage.addresses
      const { number } = await addFinal(stage, [{ to, amountRao: 501n }])
      expect(await chain.readTransfers(number)).toEqual(await chain.readTransfers(number))
    })

    it('reads every block by its number, each the child of the one before it', async () => {
      await stage.finalize()
      const { number: last, hash } = await chain.readFinalized()
      const blocks = []
      for (let number = 0; number <= last; number++) blocks.push(await chain.readTransfers(number))
      expect(blocks.map(({ number }) => number)).toEqual(blocks.map((_, index) => index))
      for (const [index, block] of blocks.entries()) {
        if (index > 0) expect(block.parentHash).toBe(blocks[index - 1]!.hash)
      }
      expect(blocks.at(-1)!.hash).toBe(hash)
    })

    it('reads nothing of a block that is not final', async () => {
      const [to] = stage.addresses
      const { number } = await chain.readFinalized()
      await stage.addBlock([{ to, amountRao: 12_345n }])
      await rejects(chain.readTransfers(number + 1))
      expect((await chain.readFinalized()).number).toBe(number)
    })

    it('tells of finalised heads, upwards, until told to stop', async () => {
      const heads: BlockReference[] = []
      const stop = chain.onFinalized((head) => heads.push(head))
      await stage.finalize()
      await stage.finalize()
      const { number } = await chain.readFinalized()
      await until(() => heads.some((head) => head.number >= number))
      for (const head of heads) expect((await chain.readTransfers(head.number)).hash).toBe(head.hash)
      expect(heads.map((head) => head.number)).toEqual(
        [...new Set(heads.map((head) => head.number))].sort((a, b) => a - b),
      )
      stop()
      const count = heads.length
      await stage.finalize()
      await chain.readFinalized()
      expect(heads).toHaveLength(count)
    })

    it('reads a subnet at one finalised block, its neurons in order of uid', async () => {
      const metagraph = await chain.readMetagraph(stage.netuid, 0)
      expect(metagraph).toMatchObject({
        netuid: stage.netuid,
        mechid: 0,
        genesisHash: chain.state().genesisHash,
      })
      expect((await chain.readTransfers(metagraph.block)).hash).toBe(metagraph.blockHash)
      expect(metagraph.neurons.map(({ uid }) => uid)).toEqual(metagraph.neurons.map((_, index) => index))
      for (const { hotkey, coldkey } of metagraph.neurons) expect([hotkey[0], coldkey[0]]).toEqual(['5', '5'])
      const sum = metagraph.neurons.reduce((total, { incentive }) => total + incentive, 0)
      expect(sum).toBeGreaterThan(0)
      expect(sum).toBeLessThanOrEqual(65_535)
      expect(metagraph.neurons.some(({ hotkey }) => hotkey === metagraph.ownerHotkey)).toBe(true)
    })

    it('reads the scores of each mechanism for itself', async () => {
      const first = await chain.readMetagraph(stage.netuid, 0)
      const second = await chain.readMetagraph(stage.netuid, 1)
      expect(second.neurons.map(({ hotkey }) => hotkey)).toEqual(first.neurons.map(({ hotkey }) => hotkey))
      expect(second.neurons.map(({ incentive }) => incentive)).not.toEqual(
        first.neurons.map(({ incentive }) => incentive),
      )
    })

    it('has no snapshot of a subnet or a mechanism that does not exist', async () => {
      await rejects(chain.readMetagraph(stage.unknownNetuid, 0))
      await rejects(chain.readMetagraph(stage.netuid, 2))
    })

    it('rejects with chain_unavailable while it is cut off, says why, and comes back by itself', async () => {
      await stage.setReachable(false)
      await until(() => !chain.state().connected)
      expect(chain.state().problem).not.toBeNull()
      await rejects(chain.readFinalized())
      await rejects(chain.readMetagraph(stage.netuid, 0))
      await rejects(chain.readTransfers(0))
      await stage.setReachable(true)
      await chain.ready(20_000)
      expect(chain.state()).toMatchObject({ connected: true, problem: null })
      await stage.finalize()
      expect((await chain.readFinalized()).number).toBeGreaterThan(0)
    })

    it('rejects everything once it is closed', async () => {
      await chain.close()
      await rejects(chain.ready(1))
      await rejects(chain.readFinalized())
      await rejects(chain.readTransfers(0))
      expect(chain.state().connected).toBe(false)
    })
  })
}

/** Resolves when the condition holds. Looked at every 2 ms, so that waiting costs nothing; the test's own time-out is the bound. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** The code alone is the promise; the message is for people. */
export async function rejects(promise: Promise<unknown>): Promise<GatewayError> {
  const thrown: unknown = await promise.then(
    () => 'resolved',
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(GatewayError)
  expect((thrown as GatewayError).code).toBe('chain_unavailable')
  return thrown as GatewayError
}

async function addFinal(stage: ChainStage, transfers: readonly PlannedTransfer[]): Promise<BlockReference> {
  await stage.finalize()
  const before = await stage.chain.readFinalized()
  await stage.addBlock(transfers)
  await stage.finalize()
  return { number: before.number + 1, hash: '' }
}
