import {
  createBtauth1Dialect,
  createDendrite10Dialect,
  createOpenAIDialect,
  MINER_LIMITS,
} from '../../../adapters/miners/index.ts'
import { dialectContract } from '../../contract/dialect.ts'
import { fakeSigner } from '../../fakes/signer.ts'
import { stageMiner } from './miner-server.ts'

const settings = {
  limits: { ...MINER_LIMITS, lineBytesMax: 1_048_576, streamBytesMax: 4_194_304, answerBytesMax: 4_194_304 },
  nowMs: () => 1_764_000_000_000,
}
const signed = { ...settings, signer: fakeSigner(), random: () => 0.5 }
const plain = { wrap: (json: string) => json }
const synapse = { wrap: (json: string) => `{"name":"ChatCompletion","timeout":12.0,"completion":${json}}` }

dialectContract('openai', (behaviour) => stageMiner(behaviour, plain, createOpenAIDialect(settings)))
dialectContract('btauth1', (behaviour) => stageMiner(behaviour, plain, createBtauth1Dialect(signed)))
dialectContract('dendrite10', (behaviour) =>
  stageMiner(behaviour, synapse, createDendrite10Dialect({ ...signed, externalIp: '0.0.0.0' })),
)
