import { describe, expect, it } from 'vitest'
import { broken, CALLER, chatAnswer, fourSteps, goodMiner, openWorkshop } from './workshop.ts'

describe('a run of four steps', () => {
  it('hands each output to the next step, and answers with what the definition asks for', async () => {
    const shop = await openWorkshop()
    const pipelines = shop.open()
    const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2.5')))
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({ status: 'succeeded', partial: false, error: null })
    expect(ended.output).toMatchObject({
      transcript: 'a red fox',
      picture: { file: expect.stringMatching(/^file-/), mime: 'image/png', width: 64, height: 64 },
      labels: [{ name: 'fox', score: 0.9 }],
    })
    const prompt = shop.works.find((work) => work.kind === 'image')
    expect(prompt).toMatchObject({ prompt: 'watercolour, a picture of: Transcript: a red fox', width: 64 })
    await pipelines.close(0)
  })

  it('charges each step once, by what was measured, and gives the rest of the hold back', async () => {
    const shop = await openWorkshop()
    const pipelines = shop.open()
    const before = await shop.balance()
    const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2.5')))
    expect(run.heldRao).toBeGreaterThan(0n)
    const ended = await shop.finish(run.id)
    const costs = Object.fromEntries(ended.steps.map(({ id, costRao }) => [id, costRao]))
    expect(costs.stt).toBe(250n)
    expect(costs.img).toBe(500n)
    const sum = ended.steps.reduce((total, { costRao }) => total + costRao, 0n)
    expect(ended.capturedRao).toBe(sum)
    expect(ended.releasedRao).toBe(ended.heldRao - sum)
    const after = await shop.balance()
    expect(after).toEqual({ availableRao: before.availableRao - sum, heldRao: 0n, spentRao: sum })
    const receipts = await shop.store.ledger.listReceipts(CALLER.accountId, 100)
    expect(receipts.map(({ requestId }) => requestId).sort()).toEqual(
      ['img', 'plan', 'see', 'stt'].map((id) => `${run.id}.${id}`),
    )
    for (const receipt of receipts) {
      expect(receipt).toMatchObject({
        runId: run.id,
        priceVersion: run.priceVersion,
        provider: { netuid: 7 },
      })
    }
    expect((await shop.store.ledger.verify()).holds).toBe(true)
    await pipelines.close(0)
  })

  it('tells who did each step, by which scores, in how long, and for how much', async () => {
    const shop = await openWorkshop()
    const pipelines = shop.open()
    const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2.5')))
    await shop.finish(run.id)
    const events = await shop.eventsOf(run.id)
    expect(events.map(({ type, stepId }) => (stepId ? `${type} ${stepId}` : type))).toEqual([
      'run.created',
      'run.started',
      'step.started stt',
      'step.succeeded stt',
      'run.cost',
      'step.started plan',
      'step.succeeded plan',
      'run.cost',
      'step.started img',
      'step.succeeded img',
      'run.cost',
      'step.started see',
      'step.succeeded see',
      'run.cost',
      'run.succeeded',
    ])
    const painted = events.find(({ type, stepId }) => type === 'step.succeeded' && stepId === 'img')
    expect(painted?.data).toMatchObject({
      use: 'image.generate',
      subnet: 'image-expert',
      netuid: 7,
      hotkey: '5image-expert1',
      uid: 1,
      incentive: 1000,
      block: 99,
      model: 'image',
      attempts: 1,
      ms: expect.any(Number),
      cost_rao: '500',
      receipt_id: expect.stringMatching(/^rcp_/),
      output: { count: 1, items: [{ file: expect.any(String), mime: 'image/png', width: 64, height: 64 }] },
    })
    expect(events.at(-1)?.data).toMatchObject({
      status: 'succeeded',
      cost: { captured_rao: expect.any(String) },
    })
    await pipelines.close(0)
  })
})

describe('outputs', () => {
  it('without an output of its own a run answers with what no other step reads', async () => {
    const shop = await openWorkshop()
    const pipelines = shop.open()
    const { output: _output, ...definition } = fourSteps(await shop.put('audio:1'))
    const { run } = await shop.create(pipelines, definition)
    const ended = await shop.finish(run.id)
    expect(Object.keys(ended.output as object)).toEqual(['see'])
    await pipelines.close(0)
  })

  it('a chat that was asked for JSON has it parsed, and one that answers something else has not', async () => {
    const shop = await openWorkshop({
      script: (work) =>
        work.kind === 'chat' && work.body.includes('one') ? chatAnswer('{"a":[1,2]}') : chatAnswer('no json'),
    })
    const pipelines = shop.open()
    const chat = (id: string, content: string) => ({
      id,
      use: 'chat',
      with: { messages: [{ role: 'user', content }], response_format: { type: 'json_object' } },
    })
    const { run } = await shop.create(pipelines, {
      steps: [chat('first', 'one'), chat('second', 'two')],
      output: {
        one: { $from: '/steps/first/json/a/1' },
        two: { $from: '/steps/second/json/a', default: 'none' },
        both: { $text: [{ $from: '/steps/first/json' }, ' and ', { $from: '/steps/second/text' }] },
      },
    })
    expect((await shop.finish(run.id)).output).toEqual({
      one: 2,
      two: 'none',
      both: '{"a":[1,2]} and no json',
    })
    await pipelines.close(0)
  })

  it('text is joined without a miner and without a price', async () => {
    const shop = await openWorkshop()
    const pipelines = shop.open()
    const { run } = await shop.create(pipelines, {
      input: { name: 'Ada' },
      steps: [
        {
          id: 'hello',
          use: 'text.concat',
          with: { parts: ['Hello', { $from: '/input/name' }], separator: ', ' },
        },
        {
          id: 'twice',
          use: 'text.concat',
          with: { parts: [{ $from: '/steps/hello/text' }, { $from: '/steps/hello/text' }] },
        },
      ],
    })
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({ output: { twice: { text: 'Hello, AdaHello, Ada' } }, capturedRao: 0n })
    expect(shop.works).toEqual([])
    await pipelines.close(0)
  })
})

describe('failing steps', () => {
  it('a failure that may pass is tried again after a growing pause, and then succeeds', async () => {
    const shop = await openWorkshop({
      script: (work, attempt, signal) => {
        // Two miners are tried in each try; two tries fail.
        if (attempt <= 4) throw broken('garbage')
        return goodMiner(work, attempt, signal)
      },
    })
    const pipelines = shop.open()
    const { run } = await shop.create(pipelines, {
      steps: [
        {
          id: 'say',
          use: 'chat',
          with: { messages: [{ role: 'user', content: 'hi' }] },
          retry: { backoff_s: 2 },
        },
      ],
    })
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({ status: 'succeeded', steps: [{ attempts: 5 }] })
    const retries = (await shop.eventsOf(run.id)).filter(({ type }) => type === 'step.retrying')
    expect(retries.map(({ data }) => data.try)).toEqual([1, 2])
    const [first = 0, second = 0] = retries.map(({ data }) => Number(data.delay_ms))
    expect(first).toBeGreaterThanOrEqual(1_000)
    expect(first).toBeLessThanOrEqual(2_000)
    expect(second).toBeGreaterThanOrEqual(2_000)
    expect(second).toBeLessThanOrEqual(4_000)
    expect((await shop.store.ledger.listReceipts(CALLER.accountId, 10)).length).toBe(1)
    await pipelines.close(0)
  })

  it('P3: when the miners of a step fail always, earlier steps are charged, it and later ones are not', async () => {
    const shop = await openWorkshop({
      script: (work, attempt, signal) => {
        if (work.kind === 'image') throw broken()
        return goodMiner(work, attempt, signal)
      },
    })
    const pipelines = shop.open()
    const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2.5')))
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({
      status: 'failed',
      partial: true,
      output: { transcript: 'a red fox' },
      error: { code: 'expert_bad_response', message: expect.stringContaining('Step img') },
    })
    expect(ended.steps.map(({ status, costRao }) => [status, costRao > 0n])).toEqual([
      ['succeeded', true],
      ['succeeded', true],
      ['failed', false],
      ['skipped', false],
    ])
    expect(ended.steps[2]?.attempts).toBe(6)
    expect(ended.capturedRao + ended.releasedRao).toBe(ended.heldRao)
    expect((await shop.balance()).heldRao).toBe(0n)
    const types = (await shop.eventsOf(run.id)).map(({ type }) => type)
    expect(types.slice(-4)).toEqual(['step.failed', 'step.skipped', 'run.cost', 'run.failed'])
    await pipelines.close(0)
  })

  it('what does not fit into a step when it is reached is final', async () => {
    const shop = await openWorkshop({ script: () => chatAnswer('{"n": 5}') })
    const pipelines = shop.open()
    const { run } = await shop.create(pipelines, {
      steps: [
        {
          id: 'plan',
          use: 'chat',
          with: { messages: [{ role: 'user', content: 'x' }], response_format: { type: 'json_object' } },
        },
        { id: 'img', use: 'image.generate', with: { prompt: { $from: '/steps/plan/json/n' } } },
      ],
    })
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'invalid_request' } })
    expect(ended.error?.message).toBe('Step img: steps.1.with.prompt: "/steps/plan/json/n" is not a text.')
    expect(shop.works.length).toBe(1)
    await pipelines.close(0)
  })

  it('a step past its timeout_s is stopped at its miner, tried again, and then fails', async () => {
    const aborted: boolean[] = []
    const shop = await openWorkshop({
      script: (_work, _attempt, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.push(true)
            reject(new GatewayAbort())
          })
        }),
    })
    const pipelines = shop.open()
    const { run } = await shop.create(pipelines, {
      steps: [
        {
          id: 'say',
          use: 'chat',
          with: { messages: [{ role: 'user', content: 'x' }] },
          timeout_s: 5,
          retry: { attempts: 2 },
        },
      ],
    })
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'expert_timeout' }, capturedRao: 0n })
    expect(aborted).toEqual([true, true])
    await pipelines.close(0)
  })

  it('a run past its timeout_s expires, with what was finished', async () => {
    const shop = await openWorkshop({
      script: (work, attempt, signal) =>
        work.kind === 'image' ? new Promise(() => {}) : goodMiner(work, attempt, signal),
    })
    const pipelines = shop.open()
    const { run } = await shop.create(pipelines, fourSteps(await shop.put('audio:2.5'), { timeout_s: 20 }))
    const ended = await shop.finish(run.id)
    expect(ended).toMatchObject({ status: 'expired', partial: true, output: { transcript: 'a red fox' } })
    expect(shop.timing.monotonicMs()).toBeLessThan(26_000)
    expect(pipelines.state().running).toBe(1)
    expect((await shop.eventsOf(run.id)).at(-1)?.type).toBe('run.expired')
    expect((await shop.balance()).heldRao).toBe(0n)
  })
})

class GatewayAbort extends Error {}
