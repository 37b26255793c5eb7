/** A development chain in a process of its own, to be killed: `directory`, `blockMs`. Prints its endpoint. */
import { startDevnetChain } from '../../../devnet/chain/index.ts'

const [, , directory = '', blockMs = '5'] = process.argv
const chain = await startDevnetChain({
  directory,
  blockMs: Number(blockMs),
  finalityLag: 1,
  finalityBatch: 2,
})
process.stdout.write(`${chain.endpoint} ${chain.genesisHash}\n`)
