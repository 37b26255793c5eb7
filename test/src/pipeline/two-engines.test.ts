/** Two processes' engines on one store, as far as the store can tell: each with its own queue, deliveries spread over both. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemTiming } from '../../../src/billing/timing.ts'
import type { Caller } from '../../../src/inference/pay.ts'
import type { StepQueue } from '../../../src/ports/queue.ts'
import { type OpenStore, STORES } from '../../adapters/store/stores.ts'
import { newCustomer } from '../../contract/money.ts'
import { expectConsistent } from './invariants.ts'
import { CALLER, openWorkshop } from './workshop.ts'

const RUNS = 12

/** Two chains of a fork that end at about the same moment, again and again, and one step that waits for both. */
function ladder() {
  const say = (id: string, ...reads: string[]) => ({
    id,
    use: 'chat',
    with: {
      messages: [
        {
          role: 'user',
          content: { $text: ['x', ...reads.map((read) => ({ $from: `/steps/${read}/text` }))] },
        },
      ],
      max_tokens: 20,
    },
  })
  return {
    steps: [
      say('a'),
      say('b'),
      say('c', 'a', 'b'),
      say('d', 'a', 'b'),
      say('e', 'c', 'd'),
      say('f', 'c', 'd'),
    ],
  }
}

for (const { name, open, skip } of STORES) {
  describe.skipIf(skip !== null)(`two engines: ${name}`, () => {
    let opened: OpenStore
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened?.close())

    it('steps that end side by side in two processes leave none waiting, and each is charged once', async () => {
      const { store } = opened
      const shop = await openWorkshop({ store, clock: systemTiming })
      const { accountId, keyId } = await newCustomer(store, 10_000_000n)
      const caller: Caller = { ...CALLER, accountId, keyId }
      const queues: readonly StepQueue[] = [shop.newQueue(), shop.newQueue()]
      let turn = 0
      // Whoever adds, the one process gets the first of two, the other the second.
      const add: StepQueue['add'] = async (step, options) => {
        turn += 1
        await queues[turn % 2]?.add(step, options)
      }
      const engines = queues.map((queue, index) =>
        shop.open({ queue: { ...queue, add }, isAlone: false, processId: `process-${index}` }),
      )
      const [first, second] = engines
      if (!first || !second) throw new Error('two engines')
      const made = await Promise.all(
        Array.from({ length: RUNS }, () => shop.create(first, ladder(), { caller })),
      )
      for (const { run } of made) {
        const ended = await second.wait(run, { waitMs: 20_000, signal: new AbortController().signal })
        expect(ended.status).toBe('succeeded')
        const events = await store.runs.log.listEvents(run.id, 0, 1000)
        expect(events.filter(({ type }) => type === 'run.started')).toHaveLength(1)
        expect(events[1]?.type).toBe('run.started')
        await expectConsistent(store, ended)
      }
      expect(shop.works.length).toBe(RUNS * 6)
      expect((await store.ledger.readBalance(accountId)).heldRao).toBe(0n)
      await Promise.all(engines.map((engine) => engine.close(0)))
    })
  })
}
