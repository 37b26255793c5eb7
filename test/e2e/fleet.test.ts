/** Two gateways and workers on one Postgres and one Redis, killed and drained while they work. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NO_REDIS_PROGRAM, type OwnRedis, startRedis } from '../adapters/queue/redis-server.ts'
import { makeDatabase, type OwnDatabase, SERVER_URL } from '../adapters/store/own-database.ts'
import { command, launch, type RunningGateway, remove } from './gateway.ts'

const skip = SERVER_URL === null ? 'TEST_DATABASE_URL is not set' : NO_REDIS_PROGRAM

/** A server behind the text miners that answers at once, or not before it is told to. */
function openUpstream() {
  const waiting: ServerResponse[] = []
  const state = { isHolding: false, calls: 0 }
  const answer = (response: ServerResponse) => {
    const message = { role: 'assistant', content: 'forty-two' }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        ...{ id: 'x', object: 'chat.completion', created: 1, model: 'any' },
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }),
    )
  }
  const server: Server = createServer((request, response) => {
    if (request.url?.endsWith('/models')) {
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'any', object: 'model' }] }))
      return
    }
    request.resume()
    state.calls += 1
    if (state.isHolding) waiting.push(response)
    else answer(response)
  })
  return {
    state,
    async listen() {
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
      const address = server.address()
      return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`
    },
    release() {
      state.isHolding = false
      for (const response of waiting.splice(0)) answer(response)
    },
    close: () => server.closeAllConnections(),
  }
}

type Seen = {
  readonly status: string
  readonly output: Record<string, { items?: { file: string; url: string }[] }> | null
  readonly steps: readonly {
    readonly id: string
    readonly status: string
    readonly receipt_id: string | null
    readonly cost_rao: string
  }[]
  readonly cost: { readonly captured_rao: string }
}

describe.skipIf(skip !== null)('two gateways and a worker on one Postgres and one Redis', () => {
  const upstream = openUpstream()
  const running: RunningGateway[] = []
  let database: OwnDatabase
  let redis: OwnRedis
  let servers: Record<string, string>
  /** Owns the development network, and has a store of its own. */
  let owner: RunningGateway
  let [a, b]: (RunningGateway | undefined)[] = []
  let key = ''

  const start = async (args: readonly string[], env: Record<string, string> = {}) => {
    const started = await launch({ args, env: { ...servers, YUMAGATE_WORKER_PORT: '0', ...env } })
    running.push(started)
    return started
  }
  const headers = () => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' })
  const ask = async <Answer>(gateway: RunningGateway | undefined, path: string, body?: object) => {
    const answer = await fetch(`${gateway?.url}${path}`, {
      headers: headers(),
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    expect(answer.status, `${path}: ${text}`).toBeLessThan(300)
    return JSON.parse(text) as Answer
  }
  const say = (id: string, text: string) => ({
    id,
    use: 'chat',
    with: { messages: [{ role: 'user', content: text }], max_tokens: 32 },
  })
  const startRun = async (gateway: RunningGateway | undefined, steps: readonly object[]) =>
    (await ask<{ id: string }>(gateway, '/v1/pipelines/runs', { version: 1, steps })).id
  /** Waits for a run's end at one gateway, by its events. */
  const finish = async (gateway: RunningGateway | undefined, id: string) => {
    const answer = await fetch(`${gateway?.url}/v1/pipelines/runs/${id}/events`, { headers: headers() })
    const events = [...(await answer.text()).matchAll(/^data: (.*)$/gm)].map(
      ([, json]) => JSON.parse(json ?? '') as { type: string; sequence_number: number },
    )
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index + 1))
    return { events, run: await ask<Seen>(gateway, `/v1/pipelines/runs/${id}`) }
  }
  const until = async (what: string, isSo: () => Promise<boolean>) => {
    for (let turn = 0; turn < 600; turn += 1) {
      if (await isSo()) return
      await new Promise((done) => setTimeout(done, 100))
    }
    throw new Error(`in vain: ${what}`)
  }
  const partsOf = async (process: RunningGateway | undefined) =>
    (
      (await (await fetch(`${process?.url}/readyz`)).json()) as {
        parts: Record<string, { [fact: string]: unknown }>
      }
    ).parts
  const createAccount = async (gateway: RunningGateway | undefined, name: string, fundTao?: string) => {
    const words = ['account', 'create', name, '--json', ...(fundTao ? ['--devnet-fund', fundTao] : [])]
    const { code, stdout, stderr } = await command(words, {
      YUMAGATE_DATA_DIR: gateway?.directory ?? '',
    })
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout) as { key: string; deposit_address: string }
  }
  const balanceOf = async (gateway: RunningGateway | undefined, ofKey: string) => {
    const answer = await fetch(`${gateway?.url}/v1/account`, {
      headers: { authorization: `Bearer ${ofKey}` },
    })
    return BigInt(((await answer.json()) as { available_rao: string }).available_rao)
  }

  beforeAll(async () => {
    database = await makeDatabase()
    redis = await startRedis()
    owner = await launch({ env: { YUMAGATE_TEXT_URL: await upstream.listen() } })
    running.push(owner)
    const { endpoints, genesis } = owner.ready.chain as { endpoints: string[]; genesis: string }
    servers = {
      DATABASE_URL: database.url,
      REDIS_URL: `redis://127.0.0.1:${redis.port}/0`,
      YUMAGATE_CHAIN_ENDPOINTS: endpoints.join(','),
      YUMAGATE_CHAIN_GENESIS: genesis,
    }
    a = await start(['start', '--no-worker'])
    b = await start(['start', '--no-worker'])
    // The accounts of both stores have the same addresses, by their order: the owner's faucet pays for both.
    await createAccount(a, 'first')
    const payer = await createAccount(b, 'payer')
    key = payer.key
    expect((await createAccount(owner, 'payer', '20')).deposit_address).toBe(payer.deposit_address)
    await until('the deposit is credited', async () => (await balanceOf(b, key)) > 0n)
  }, 120_000)

  afterAll(async () => {
    upstream.close()
    for (const one of running) {
      await one.kill()
      remove(one.directory)
    }
    await redis?.stop()
    await database?.drop()
  }, 60_000)

  it('a run that was made at A, worked on by C, is followed at B, and its file is read there', async () => {
    const id = await startRun(a, [
      say('say', 'hello'),
      { id: 'img', use: 'image.generate', with: { prompt: { $from: '/steps/say/text' }, size: '256x256' } },
    ])
    const worker = await start(['worker'])
    expect((await fetch(`${worker.url}/healthz`)).status).toBe(200)
    expect((await fetch(`${worker.url}/v1/models`)).status).toBe(404)
    const { run, events } = await finish(b, id)
    expect(run.status, JSON.stringify(run)).toBe('succeeded')
    expect(events.at(-1)?.type).toBe('run.succeeded')
    const item = run.output?.img?.items?.[0]
    expect(item?.url).toBe(`/v1/files/${item?.file}/content`)
    const picture = await fetch(`${b?.url}${item?.url}`, { headers: headers() })
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png'])
    expect(
      Buffer.from(await picture.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG')
    await until('all see each other', async () => {
      const { processes } = await partsOf(a)
      return processes?.gateways === 2 && processes?.workers === 1
    })
    expect(await worker.stop()).toBe(0)
  }, 60_000)

  it('a worker that is killed in a step is followed by another one; each step is charged once, a flushed queue costs nothing', async () => {
    upstream.state.isHolding = true
    const first = await start(['worker'])
    const calls = upstream.state.calls
    const held = await startRun(a, [say('say', 'hold')])
    await until('the step is under way', async () => upstream.state.calls > calls)
    await first.kill()
    upstream.release()
    const more = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => startRun(b, [say('one', `${n}`), say('two', 'x')])),
    )
    redis.command('FLUSHALL')
    const second = await start(['worker'])
    for (const id of [held, ...more]) {
      const { run } = await finish(a, id)
      expect(run.status, JSON.stringify(run)).toBe('succeeded')
      const sum = run.steps.reduce((total, { cost_rao }) => total + BigInt(cost_rao), 0n)
      expect(sum).toBe(BigInt(run.cost.captured_rao))
      expect(new Set(run.steps.map(({ receipt_id }) => receipt_id)).size).toBe(run.steps.length)
    }
    const { data } = await ask<{ data: { run_id: string | null; step_id: string | null }[] }>(
      a,
      '/v1/receipts?limit=100',
    )
    const charged = data.flatMap(({ run_id, step_id }) => (run_id ? [`${run_id} ${step_id}`] : []))
    expect(new Set(charged).size).toBe(charged.length)
    expect(await second.stop()).toBe(0)
  }, 120_000)

  it('when the process that watches deposits is killed, another one credits in its place', async () => {
    const second = await createAccount(b, 'second')
    expect((await partsOf(a)).deposits?.status).toBe('following')
    expect((await partsOf(b)).deposits?.status).toBe('standby')
    await a?.kill()
    await createAccount(owner, 'second', '3')
    await until('it is credited', async () => (await balanceOf(b, second.key)) === 3_000_000_000n)
    await until('it follows the chain', async () => (await partsOf(b)).deposits?.status === 'following')
  }, 60_000)

  it('a draining gateway says so first, still takes requests then, and ends with 0', async () => {
    const ended = b?.stop()
    await until('readyz says no', async () => (await fetch(`${b?.url}/readyz`)).status === 503)
    const chat = await ask<{ choices: unknown[] }>(b, '/v1/chat/completions', {
      model: 'yuma-text',
      messages: [{ role: 'user', content: 'last' }],
    })
    expect(chat.choices).toHaveLength(1)
    expect(await ended).toBe(0)
  }, 60_000)

  it('after all of this no hold is left and the books balance', async () => {
    const gateway = await start(['start'])
    await until('the holds of the dead are closed', async () => {
      const { held_rao } = await ask<{ held_rao: string }>(gateway, '/v1/account')
      return held_rao === '0'
    })
    expect(await gateway.stop()).toBe(0)
    const { code, stdout } = await command(['ledger', 'verify'], {
      ...servers,
      YUMAGATE_DATA_DIR: gateway.directory,
    })
    expect([code, stdout]).toEqual([0, expect.stringContaining('The books balance.')])
  }, 60_000)

  it('a gateway on the data directory of another one is refused with its pid', async () => {
    const { code, stderr } = await command(['start'], {
      ...servers,
      PORT: '0',
      YUMAGATE_DATA_DIR: owner.directory,
    })
    expect(code).toBe(1)
    expect(stderr).toContain(`pid ${owner.pid}`)
  }, 60_000)

  it('a process on another chain is refused, with both genesis hashes', async () => {
    const { DATABASE_URL, REDIS_URL } = servers
    const env = { DATABASE_URL: DATABASE_URL ?? '', REDIS_URL: REDIS_URL ?? '', PORT: '0' }
    const { code, stderr } = await command(['start', '--json'], {
      ...env,
      YUMAGATE_DATA_DIR: `${owner.directory}-other`,
    })
    remove(`${owner.directory}-other`)
    expect(code).toBe(1)
    expect(stderr).toContain(servers.YUMAGATE_CHAIN_GENESIS)
    expect(stderr).toMatch(/belongs to the chain/)
  }, 60_000)
})

it('a worker on the embedded store is refused with the reason', async () => {
  const { code, stderr } = await command(['worker'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/needs DATABASE_URL/)
}, 60_000)
