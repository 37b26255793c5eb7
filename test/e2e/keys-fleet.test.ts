/** Limits of keys over two gateways on one Postgres and one Redis: shared exactly, by halves while Redis is away. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatTao } from '../../src/units.ts'
import { NO_REDIS_PROGRAM, type OwnRedis, startRedis } from '../adapters/queue/redis-server.ts'
import { makeDatabase, type OwnDatabase, SERVER_URL } from '../adapters/store/own-database.ts'
import { command, launch, type RunningGateway, remove } from './gateway.ts'

const skip = SERVER_URL === null ? 'TEST_DATABASE_URL is not set' : NO_REDIS_PROGRAM

/** A server behind the text miners that answers when it is told to. */
function openUpstream() {
  const waiting: ServerResponse[] = []
  const state = { isHolding: false }
  const answer = (response: ServerResponse) => {
    const message = { role: 'assistant', content: 'forty-two' }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        ...{ id: 'x', object: 'chat.completion', created: 1, model: 'any' },
        choices: [{ index: 0, message, finish_reason: 'stop' }],
      }),
    )
  }
  const server: Server = createServer((request, response) => {
    request.resume()
    if (request.url?.endsWith('/models')) {
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'any', object: 'model' }] }))
    } else if (state.isHolding) waiting.push(response)
    else answer(response)
  })
  return {
    hold() {
      state.isHolding = true
    },
    release() {
      state.isHolding = false
      for (const response of waiting.splice(0)) answer(response)
    },
    async listen() {
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
      const address = server.address()
      return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

type Outcome = { readonly code: string; readonly limit: string | null; readonly requiredRao: bigint | null }

describe.skipIf(skip !== null)('keys at two gateways on one Postgres and one Redis', () => {
  const upstream = openUpstream()
  const gateways: RunningGateway[] = []
  let database: OwnDatabase
  let redis: OwnRedis

  beforeAll(async () => {
    database = await makeDatabase()
    redis = await startRedis()
    const servers = { DATABASE_URL: database.url, REDIS_URL: `redis://127.0.0.1:${redis.port}/0` }
    const first = await launch({ env: { ...servers, YUMAGATE_TEXT_URL: await upstream.listen() } })
    gateways.push(first)
    const { endpoints, genesis } = first.ready.chain as { endpoints: string[]; genesis: string }
    const chain = { YUMAGATE_CHAIN_ENDPOINTS: endpoints.join(','), YUMAGATE_CHAIN_GENESIS: genesis }
    gateways.push(await launch({ env: { ...servers, ...chain } }))
    await run('account', 'create', 'team', '--devnet-fund', '1')
  }, 180_000)

  afterAll(async () => {
    upstream.release()
    for (const gateway of gateways.toReversed()) {
      await gateway.kill()
      remove(gateway.directory)
    }
    upstream.close()
    await redis?.stop()
    await database?.drop()
  }, 60_000)

  async function run(...args: readonly string[]): Promise<any> {
    const { code, stdout, stderr } = await command([...args, '--json'], {
      YUMAGATE_DATA_DIR: gateways[0]?.directory ?? '',
    })
    if (code !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }

  async function ask(key: string, turn: number): Promise<Outcome> {
    const answer = await fetch(`${gateways[turn % gateways.length]?.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model: 'yuma-text', max_tokens: 4 },
        messages: [{ role: 'user', content: 'What is the answer?' }],
      }),
    })
    const json = (await answer.json()) as { error?: { code: string }; budget?: { required_rao: string } }
    return {
      code: json.error?.code ?? 'served',
      limit: answer.headers.get('x-ratelimit-limit-requests'),
      requiredRao: json.budget ? BigInt(json.budget.required_rao) : null,
    }
  }
  const countOf = (outcomes: readonly Outcome[]) => {
    const counts: Record<string, number> = {}
    for (const { code } of outcomes) counts[code] = (counts[code] ?? 0) + 1
    return counts
  }

  it('a budget for fifty worst cases serves exactly fifty of two hundred at once', async () => {
    const { key: poor } = await run('key', 'create', 'team', '--budget', '0.000000001')
    const { requiredRao } = await ask(poor, 0)
    if (requiredRao === null) throw new Error('no budget was told of')
    const budgetRao = requiredRao * 51n - 1n
    const { key, id } = await run('key', 'create', 'team', '--budget', formatTao(budgetRao))
    // Nothing is given back before all have asked.
    upstream.hold()
    let refused = 0
    const asking = Array.from({ length: 200 }, async (_, turn) => {
      const outcome = await ask(key, turn)
      if (outcome.code !== 'served') refused += 1
      if (refused === 150) upstream.release()
      return outcome
    })
    expect(countOf(await Promise.all(asking))).toEqual({ served: 50, key_budget_exhausted: 150 })
    const { budget } = await run('key', 'show', id)
    expect(BigInt(budget.spent_rao)).toBeGreaterThan(0n)
    expect(BigInt(budget.spent_rao)).toBeLessThanOrEqual(requiredRao * 50n)
    expect((await run('ledger', 'verify')).holds).toBe(true)
  })

  it('requests per minute are taken of one bucket', async () => {
    const { key } = await run('key', 'create', 'team', '--requests-per-minute', '10')
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, turn) => ask(key, turn)))
    // One flows in every six seconds, on a slow machine perhaps while these ask.
    expect(countOf(outcomes).served).toBeGreaterThanOrEqual(10)
    expect(countOf(outcomes).served).toBeLessThanOrEqual(12)
    expect(new Set(outcomes.map(({ limit }) => limit))).toEqual(new Set(['10']))
  })

  it('a key that is revoked at one is noticed at the other', async () => {
    const { key, id } = await run('key', 'create', 'team')
    expect((await ask(key, 0)).code).toBe('served')
    expect((await ask(key, 1)).code).toBe('served')
    await run('key', 'revoke', id)
    expect((await ask(key, 0)).code).toBe('invalid_api_key')
    let other = await ask(key, 1)
    while (other.code === 'served') other = await ask(key, 1)
    expect(other.code).toBe('invalid_api_key')
  })

  it('while Redis is away each gateway lets through its half, and says so', async () => {
    const { key } = await run('key', 'create', 'team', '--requests-per-minute', '10')
    await redis.stop()
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, turn) => ask(key, turn)))
    expect(new Set(outcomes.map(({ limit }) => limit))).toEqual(new Set(['5']))
    expect(countOf(outcomes).served).toBeGreaterThanOrEqual(10)
    expect(countOf(outcomes).served).toBeLessThanOrEqual(12)
    const ready = await fetch(`${gateways[0]?.url}/readyz`)
    const { parts } = (await ready.json()) as { parts: Record<string, { ready: boolean; problem: string }> }
    expect(parts.limits).toEqual({
      ready: true,
      problem: expect.stringContaining('by each process for itself'),
    })
  })
})
