import { createChain } from '../../../adapters/chain/index.ts'
import { chainContract } from '../../contract/chain.ts'
import { addressOf, startStage } from '../../devnet/chain/stage.ts'

chainContract('adapter on the development chain', async () => {
  const stage = await startStage()
  const { operations, endpoint, genesisHash } = stage
  const chain = createChain({
    endpoints: [endpoint],
    genesisHash,
    callTimeoutMs: 1_000,
    headAgeMsMax: 60_000,
    now: () => performance.now(),
  })
  return {
    chain,
    netuid: 19,
    unknownNetuid: 77,
    addresses: [await addressOf('//Bob'), await addressOf('//nobody')],
    addBlock: async (transfers) => {
      operations.stallFinality(true)
      for (const { to, amountRao } of transfers) await stage.transfer(to, amountRao)
      await operations.produce()
    },
    finalize: async () => {
      operations.stallFinality(false)
      await operations.produce()
    },
    setReachable: async (isReachable) => {
      operations.receive(isReachable ? 'accept' : 'refuse')
      if (!isReachable) operations.dropConnections()
    },
    close: async () => {
      await chain.close()
      await stage.close()
    },
  }
})
