import { expect, it } from 'vitest'
import { startSweeper } from '../../../src/billing/sweeper.ts'
import { fakeStore } from '../../fakes/store.ts'
import { keptLog, manualTiming } from './manual-timing.ts'

const hold = (id: string, ttlMs = 60_000) => ({
  id: `hold:${id}`,
  accountId: 'acc_1',
  keyId: 'key_1',
  amountRao: 10n,
  ttlMs,
})

async function makeWorld() {
  const timing = manualTiming()
  const store = fakeStore({ now: timing.wallMs, processId: 'process-old' })
  await store.accounts.create({ id: 'acc_1', name: 'one', depositAddress: '5A' })
  await store.accounts.addKey({ id: 'key_1', accountId: 'acc_1', prefix: 'sk', sha256: 'aa' })
  store.fund('acc_1', 100n)
  const held = async () => (await store.ledger.readBalance('acc_1')).heldRao
  const place = async (...holds: ReturnType<typeof hold>[]) =>
    void (await store.ledger.commit({ holds, settlements: [], voids: [], captures: [] }))
  const start = (onlyProcessId: string | null) =>
    startSweeper({ ledger: store.ledger, timing, log: keptLog(), onlyProcessId })
  return { timing, store, held, place, start }
}

it('at the start of the only process all open holds of earlier ones are released', async () => {
  const { timing, held, place, start } = await makeWorld()
  await place(hold('1'), hold('2'))
  const sweeper = start('process-new')
  await timing.advance(0)
  expect(await held()).toBe(0n)
  expect(sweeper.state()).toEqual({ released: 2, hasStarted: true, problem: null })
  await sweeper.close()
})

it('the own holds stay at the start', async () => {
  const { timing, held, place, start } = await makeWorld()
  await place(hold('1'))
  const sweeper = start('process-old')
  await timing.advance(10_000)
  expect(await held()).toBe(10n)
  await sweeper.close()
})

it('where other processes may live only what is past its time is released', async () => {
  const { timing, held, place, start } = await makeWorld()
  await place(hold('1', 15_000), hold('2', 600_000))
  const sweeper = start(null)
  await timing.advance(10_000)
  expect(await held()).toBe(20n)
  await timing.advance(10_000)
  expect(await held()).toBe(10n)
  await sweeper.close()
})

it('a sweep that fails says so and is tried again, the start included', async () => {
  const { timing, store, held, place, start } = await makeWorld()
  await place(hold('1'))
  store.fail()
  const sweeper = start('process-new')
  await timing.advance(0)
  expect(sweeper.state()).toEqual({
    released: 0,
    hasStarted: false,
    problem: 'The ledger cannot be reached.',
  })
  store.heal()
  await timing.advance(10_000)
  expect(await held()).toBe(0n)
  expect(sweeper.state()).toEqual({ released: 1, hasStarted: true, problem: null })
  await sweeper.close()
})

it('after closing nothing is swept and no timer is left', async () => {
  const { timing, held, place, start } = await makeWorld()
  const sweeper = start('process-old')
  await timing.advance(0)
  await sweeper.close()
  await place(hold('1', 1))
  await timing.advance(60_000)
  expect([await held(), timing.pending()]).toEqual([10n, 0])
})
