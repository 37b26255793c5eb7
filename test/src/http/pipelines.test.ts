import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import type { HttpEnv } from '../../../src/http/http-env.ts'
import { pipelinesApp } from '../../../src/http/pipelines.ts'
import { replyError } from '../../../src/http/reply.ts'
import { RunningSignals } from '../../../src/http/running-signals.ts'
import { type Served, serveApp } from '../../../src/http/serve.ts'
import {
  CALLER,
  contract,
  fourSteps,
  OTHER,
  openWorkshop,
  type Script,
  type WorkshopOptions,
} from '../pipeline/workshop.ts'

const say = { id: 'say', use: 'chat', with: { messages: [{ role: 'user', content: 'x' }] } }
const hang: Script = () => new Promise(() => {})
const open: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** A gateway with nothing but pipelines. The key is the name of the account. */
async function openGateway(options: WorkshopOptions & { pingMs?: number } = {}) {
  const shop = await openWorkshop(options)
  const pipelines = shop.open()
  const signals = new RunningSignals({ requestTimeoutMs: 60_000 })
  const app = new Hono<HttpEnv>()
  app.use(async (c, next) => {
    const caller = [CALLER, OTHER].find(
      ({ accountId }) => c.req.header('authorization') === `Bearer ${accountId}`,
    )
    if (!caller) throw new GatewayError('invalid_api_key', 'No such key.')
    c.set('requestId', 'req_1')
    const { accountId, keyId, depositAddress } = caller
    const account = { id: accountId, name: accountId, depositAddress, createdAt: '2026-11-25T00:00:00Z' }
    const key = { id: keyId, accountId, prefix: 'sk', name: null, revokedAt: null, expiresAt: null }
    c.set('principal', { account, key: { ...key, status: 'active', limitId: keyId, rules: null } })
    await next()
  })
  app.route('/v1/pipelines', pipelinesApp({ pipelines, signals, pingMs: options.pingMs ?? 60_000 }))
  app.onError((thrown, c) => replyError(c, thrown))
  const served: Served = await serveApp(app, { host: '127.0.0.1', port: 0, signals })
  open.push(async () => {
    signals.abortAll()
    await served.close(0)
    // Miners that hang are not waited for.
    void pipelines.close(0)
  })
  const call = (path: string, init: RequestInit & { as?: string } = {}) =>
    fetch(`${served.url}/v1/pipelines${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${init.as ?? CALLER.accountId}`,
        'content-type': 'application/json',
        ...init.headers,
      },
    })
  const post = (value: unknown, init: RequestInit & { as?: string; query?: string } = {}) =>
    call(`/runs${init.query ?? ''}`, { method: 'POST', body: JSON.stringify(value), ...init })
  return { shop, pipelines, call, post, url: served.url }
}

type Json = Record<string, any>

/** Reads an answer; a run must be as the API document says. */
async function read(response: Response): Promise<Json> {
  const value = (await response.json()) as Json
  if (value.object === 'pipeline.run') contract.check('Run', value)
  if (value.object === 'list') contract.check('RunList', value)
  return value
}

/** The server-sent events of an answer that ends. */
async function readEvents(response: Response) {
  return (await response.text())
    .split('\n\n')
    .filter((block) => block.startsWith('id: '))
    .map((block) => {
      const [id = '', type = '', data = ''] = block.split('\n').map((line) => line.replace(/^\w+: /, ''))
      return { id: Number(id), type, data: JSON.parse(data) as Json }
    })
}

describe('202', () => {
  it('a run is accepted, and its place is told', async () => {
    const { post, call } = await openGateway({ script: hang })
    const response = await post({ steps: [say], metadata: { order: '42' } })
    expect(response.status).toBe(202)
    const run = await read(response)
    expect(run).toMatchObject({
      id: expect.stringMatching(/^run_[0-9a-f]{32}$/),
      object: 'pipeline.run',
      status: 'queued',
      partial: false,
      error: null,
      steps: [{ id: 'say', use: 'chat', status: 'ready', cost_rao: '0', receipt_id: null }],
      cost: { held_rao: expect.stringMatching(/^\d+$/), captured_rao: '0', released_rao: '0' },
      graph: [['say']],
      metadata: { order: '42' },
    })
    expect(response.headers.get('location')).toBe(`/v1/pipelines/runs/${run.id}`)
    expect(run.events_url).toBe(`/v1/pipelines/runs/${run.id}/events`)
    expect((await read(await call(`/runs/${run.id}`))).id).toBe(run.id)
  })

  it('a run that does not end while one waits', async () => {
    const { post, shop } = await openGateway({ script: hang })
    const waiting = post({ steps: [say] }, { query: '?wait=5' })
    for (let turn = 0; turn < 200 && shop.works.length === 0; turn += 1) await shop.timing.advance(0)
    let answer: Response | null = null
    void waiting.then((response) => {
      answer = response
    })
    for (let turn = 0; turn < 1_000 && answer === null; turn += 1) await shop.timing.advance(100)
    expect((await waiting).status).toBe(202)
  })
})

describe('200', () => {
  it('a run that ends while one waits comes with its output', async () => {
    const { post, shop } = await openGateway()
    const response = await post(fourSteps(await shop.put('audio:2.5')), {
      headers: { prefer: 'respond-async, wait=30' },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('preference-applied')).toBe('wait=30')
    expect(await read(response)).toMatchObject({
      status: 'succeeded',
      output: { transcript: 'a red fox', picture: { url: expect.stringContaining('/v1/files/file-') } },
      steps: [
        { id: 'stt', provider: { subnet: 'speech-expert', netuid: 7 }, output: { text: 'a red fox' } },
        { id: 'plan' },
        { id: 'img' },
        { id: 'see' },
      ],
    })
  })

  it('a dry run tells prices and the graph, and starts nothing', async () => {
    const { post, call } = await openGateway()
    const response = await post({ steps: [say], dry_run: true })
    expect(response.status).toBe(200)
    expect(await read(response)).toMatchObject({
      object: 'pipeline.run',
      status: 'dry_run',
      steps: [{ id: 'say', use: 'chat', models: ['text'], max_cost_rao: expect.stringMatching(/^\d+$/) }],
      graph: [['say']],
    })
    expect((await read(await call('/runs'))).data).toEqual([])
  })

  it('runs are listed newest first, page by page, without outputs', async () => {
    const { post, call } = await openGateway()
    const ids: string[] = []
    for (let count = 0; count < 3; count += 1) ids.unshift((await read(await post({ steps: [say] }))).id)
    const first = await read(await call('/runs?limit=2'))
    expect(first).toMatchObject({ object: 'list', has_more: true })
    expect(first.data.map(({ id }: Json) => id)).toEqual(ids.slice(0, 2))
    expect('output' in first.data[0] || 'output' in first.data[0].steps[0]).toBe(false)
    const second = await read(await call(`/runs?limit=2&after=${ids[1]}`))
    expect(second.data.map(({ id }: Json) => id)).toEqual(ids.slice(2))
    expect(second.has_more).toBe(false)
  })

  it('a cancelled run is told as it is then', async () => {
    const { post, call } = await openGateway({ script: hang })
    const { id } = await read(await post({ steps: [say] }))
    const response = await call(`/runs/${id}/cancel`, { method: 'POST' })
    expect(response.status).toBe(200)
    expect(await read(response)).toMatchObject({ id, status: 'cancelled', cost: { captured_rao: '0' } })
  })

  it('events come with ids, end with the run, and go on from where a reader was', async () => {
    const { post, call, shop } = await openGateway()
    const { id } = await read(await post(fourSteps(await shop.put('audio:2.5'))))
    const response = await call(`/runs/${id}/events`)
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const events = await readEvents(response)
    expect(events.map((event) => event.id)).toEqual(events.map((_event, index) => index + 1))
    expect(events[0]).toMatchObject({
      type: 'run.created',
      data: { sequence_number: 1, run_id: id, at: expect.any(String) },
    })
    expect(events.find(({ type }) => type === 'step.succeeded')?.data).toMatchObject({
      type: 'step.succeeded',
      step_id: 'stt',
      netuid: 7,
      hotkey: expect.any(String),
      incentive: 1000,
      cost_rao: '250',
    })
    expect(events.at(-1)?.type).toBe('run.succeeded')
    expect(await readEvents(await call(`/runs/${id}/events?after=5`))).toEqual(events.slice(5))
    const resumed = await call(`/runs/${id}/events?after=1`, { headers: { 'last-event-id': '7' } })
    expect(await readEvents(resumed)).toEqual(events.slice(7))
  })

  it('a silent stream of events is kept alive by comments, and ends when its reader leaves', async () => {
    const { post, call, pipelines } = await openGateway({ script: hang, pingMs: 5 })
    const { id } = await read(await post({ steps: [say] }))
    const reader = new AbortController()
    const response = await call(`/runs/${id}/events`, { signal: reader.signal })
    let text = ''
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString()
      if (text.includes('step.started') && text.includes(': ping\n\n')) break
    }
    reader.abort()
    expect((await pipelines.cancel(id, CALLER.accountId)).status).toBe('cancelled')
  })
})

describe('idempotency', () => {
  it('the same key gives the same run and says so; with another body it is a 422', async () => {
    const { post } = await openGateway()
    const headers = { 'idempotency-key': 'order-42' }
    const first = await post({ steps: [say] }, { headers })
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    const second = await post({ steps: [say] }, { headers })
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect((await read(second)).id).toBe((await read(first)).id)
    const third = await post({ steps: [say], timeout_s: 60 }, { headers })
    expect(third.status).toBe(422)
    expect((await read(third)).error.code).toBe('idempotency_mismatch')
  })
})

describe('400', () => {
  it('names the field at fault', async () => {
    const { post } = await openGateway()
    const response = await post({
      steps: [{ ...say, with: { messages: [{ role: 'user', content: { $from: '/steps/x/text' } }] } }],
    })
    expect(response.status).toBe(400)
    expect(await read(response)).toEqual({
      error: {
        message: 'steps.0.with.messages.0.content: there is no step "x".',
        type: 'invalid_request_error',
        param: 'steps.0.with.messages.0.content',
        code: 'invalid_request',
      },
    })
  })

  it.each([
    ['?wait=-1', 'wait'],
    ['?wait=121', 'wait'],
    ['?wait=soon', 'wait'],
  ])('%s', async (query, param) => {
    const { post } = await openGateway()
    const response = await post({ steps: [say] }, { query })
    expect(response.status).toBe(400)
    expect((await read(response)).error.param).toBe(param)
  })

  it('a key of 256 characters, a place among events that is no number, a limit of 0', async () => {
    const { post, call } = await openGateway()
    expect((await post({ steps: [say] }, { headers: { 'idempotency-key': 'x'.repeat(256) } })).status).toBe(
      400,
    )
    const { id } = await read(await post({ steps: [say] }))
    expect((await call(`/runs/${id}/events?after=x`)).status).toBe(400)
    expect((await call(`/runs/${id}/events`, { headers: { 'last-event-id': '-1' } })).status).toBe(400)
    expect((await call('/runs?limit=0')).status).toBe(400)
  })
})

describe('402', () => {
  it('tells where to send how much, and is not to be retried', async () => {
    const { post } = await openGateway({ fundsRao: 1n })
    const response = await post({ steps: [say] })
    expect(response.status).toBe(402)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await read(response)).toMatchObject({
      error: { code: 'insufficient_quota' },
      topup: { address: CALLER.depositAddress, asset: 'TAO', available_rao: '1' },
    })
  })

  it('a cap in the header is a cap like that of the body', async () => {
    const { post } = await openGateway()
    const response = await post({ steps: [say] }, { headers: { 'x-max-cost-rao': '100' } })
    expect((await read(response)).cost.held_rao).toBe('100')
  })
})

describe('404', () => {
  it("P13: another account's run is not there: neither it, nor its events, nor its end", async () => {
    const { post, call } = await openGateway()
    const { id } = await read(await post({ steps: [say] }))
    const as = OTHER.accountId
    expect((await call(`/runs/${id}`, { as })).status).toBe(404)
    expect((await call(`/runs/${id}/events`, { as })).status).toBe(404)
    expect((await call(`/runs/${id}/cancel`, { as, method: 'POST' })).status).toBe(404)
    expect((await read(await call('/runs', { as }))).data).toEqual([])
    expect((await read(await call(`/runs?after=${id}`, { as }))).data).toEqual([])
  })
})

describe('409', () => {
  it('a run that has ended cannot be cancelled', async () => {
    const { post, call } = await openGateway()
    const { id } = await read(await post({ steps: [say] }, { query: '?wait=30' }))
    const response = await call(`/runs/${id}/cancel`, { method: 'POST' })
    expect(response.status).toBe(409)
    expect((await read(response)).error.code).toBe('conflict')
  })
})

describe('413', () => {
  it('a definition of more than 256 KiB is refused', async () => {
    const { post } = await openGateway()
    expect((await post({ steps: [say], input: { text: 'x'.repeat(256 * 1024) } })).status).toBe(413)
  })
})
