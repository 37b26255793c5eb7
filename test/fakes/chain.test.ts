import { chainContract } from '../contract/chain.ts'
import { fakeChain } from './chain.ts'
import { aMetagraph } from './metagraph.ts'

chainContract('fake', async () => {
  const chain = fakeChain()
  const subnet = aMetagraph()
  chain.setMetagraph(subnet)
  const reversed = subnet.neurons.map((neuron, uid) => ({
    ...neuron,
    incentive: subnet.neurons.at(-1 - uid)!.incentive,
  }))
  chain.setMetagraph({ ...subnet, mechid: 1, neurons: reversed })
  return {
    chain,
    netuid: subnet.netuid,
    unknownNetuid: 8,
    addresses: ['5Address0', '5Address1'],
    addBlock: async (transfers) => void chain.addBlock(transfers),
    finalize: async () => {
      chain.addBlock()
      chain.finalize()
    },
    setReachable: async (isReachable) => chain.setReachable(isReachable),
    close: () => chain.close(),
  }
})
