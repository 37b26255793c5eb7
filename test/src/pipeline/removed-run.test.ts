import { expect, it } from 'vitest'
import { CALLER, fourSteps, openWorkshop } from './workshop.ts'

async function removedRun() {
  const shop = await openWorkshop()
  const pipelines = shop.open()
  const body = fourSteps(await shop.put('audio:2.5'))
  const order = {
    value: body,
    idempotency: { key: 'order-42', fingerprint: 'a' },
    signal: new AbortController().signal,
  }
  const outcome = await pipelines.create(CALLER, order)
  if (outcome.kind !== 'created') throw new Error('the run was not created')
  await shop.finish(outcome.run.id)
  await shop.timing.advance(1000)
  expect(await shop.store.retention.removeRuns({ olderThanMs: 0, rowsMax: 100 })).toMatchObject({ runs: 1 })
  return { shop, pipelines, runId: outcome.run.id, order }
}

it('a run that was removed is 404, and its own account is told why', async () => {
  const { pipelines, runId } = await removedRun()
  await expect(pipelines.find(runId, CALLER.accountId)).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('was removed by its age'),
  })
  await expect(pipelines.find(runId, 'acc_other')).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('There is no run'),
  })
  await pipelines.close(0)
})

it('the Idempotency-Key of a run that was removed makes no second one, and holds nothing', async () => {
  const { shop, pipelines, order } = await removedRun()
  const before = await shop.balance()
  await expect(pipelines.create(CALLER, order)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('Take a new key'),
  })
  expect(await shop.balance()).toEqual(before)
  expect((await shop.store.ledger.verify()).holds).toBe(true)
  await pipelines.close(0)
})
