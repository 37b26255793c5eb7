import { expect, it } from 'vitest'
import { MINER_HEALTH, MinerHealth } from '../../../routers/miners/health.ts'
import type { ServedModel } from '../../../src/inference/experts.ts'
import { type Job, Performer } from '../../../src/inference/perform.ts'
import type { Answer, Dialect } from '../../../src/ports/miner.ts'
import { settlePromises } from '../billing/manual-timing.ts'

const model: ServedModel = {
  ...{ id: 'm', listedId: 'm', upstreamModel: 'm', capabilities: ['chat'] },
  ...{ contextTokensMax: 1000, outputTokensMax: 100 },
  expert: {
    ...{ name: 'expert', netuid: 7, mechid: 0, dialect: 'openai', concurrencyPerMiner: 8, queueDepth: 64 },
    ...{ timeoutMs: 60_000, firstByteTimeoutMs: 60_000 },
  },
}
const miners = [
  {
    target: { netuid: 7, mechid: 0, uid: 1, hotkey: '5A', baseUrl: 'http://127.0.0.1:1', bearer: null },
    coldkey: '5C',
    network: null,
    incentive: 1,
  },
]

/** One miner of capacity 8 whose answers the test lets go. */
function openStage() {
  const open: ((answer: Answer) => void)[] = []
  const dialect: Dialect = {
    name: 'openai',
    capabilities: ['chat'],
    attempt: () => new Promise((resolve) => open.push(resolve)),
    async close() {},
  }
  const performer = new Performer({
    directory: {
      find: () => [model],
      listFor: () => [model],
      readMiners: () => ({ block: 1, miners }),
      explain: () => null,
    },
    gate: { choose: (_step, offers) => offers },
    ranking: { rank: (candidates) => candidates },
    records: new MinerHealth({ ...MINER_HEALTH, nowMs: () => 0 }),
    dialects: new Map([['openai', dialect]]),
    nowMs: () => 0,
  })
  const newJob = (): Job => ({
    ...{ accountId: 'acc', capability: 'chat', models: [model], priceRao: () => 1n },
    work: () => ({ kind: 'chat', body: '{}', stream: false }),
    signal: new AbortController().signal,
  })
  const ask = (count: number) => {
    for (let index = 0; index < count; index += 1)
      void performer.perform(newJob()).then(({ finish }) => finish('whole'))
  }
  const answer = async () => {
    open.shift()?.({ kind: 'chat', json: '{}' })
    await settlePromises()
  }
  return { performer, open, ask, answer }
}

it('each of several processes takes its part of a miner’s permits', async () => {
  const { performer, open, ask } = openStage()
  performer.share(4)
  ask(10)
  await settlePromises()
  expect(open).toHaveLength(2)
  expect(performer.state().expert).toMatchObject({ waiting: 8, inFlight: 2 })
})

it('at least one permit is left for each, however many there are', async () => {
  const { performer, open, ask } = openStage()
  performer.share(100)
  ask(3)
  await settlePromises()
  expect(open).toHaveLength(1)
})

it('when others have gone those who wait are served at once; when others come what runs goes on', async () => {
  const { performer, open, ask, answer } = openStage()
  performer.share(8)
  ask(12)
  await settlePromises()
  expect(open).toHaveLength(1)
  performer.share(1)
  await settlePromises()
  expect(open).toHaveLength(8)
  performer.share(2)
  await answer()
  expect(open).toHaveLength(7)
  for (let left = 0; left < 4; left += 1) await answer()
  expect(open).toHaveLength(4)
})
