/** Keys as operators and callers meet them: the command line, the official client, and what is said when a limit is reached. */
import { request } from 'node:http'
import OpenAI, { APIError } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, freshDirectory, launch, type RunningGateway, remove } from './gateway.ts'

const ADMIN_TOKEN = 'a-token-of-this-test-with-32-characters'

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await launch({
    env: {
      YUMAGATE_ADMIN_TOKEN: ADMIN_TOKEN,
      YUMAGATE_TRUSTED_PROXIES: '127.0.0.1',
      YUMAGATE_ADMIN_HOST: '127.0.0.1',
      LOG_LEVEL: 'trace',
    },
  })
  await run('account', 'create', 'team', '--devnet-fund', '1')
})
afterAll(async () => {
  expect(await gateway?.stop()).toBe(0)
  if (gateway) remove(gateway.directory)
})

/** Every text of a key that was made, to look for it where it must not be. */
const texts: string[] = []

async function run(...args: readonly string[]): Promise<any> {
  const { code, stdout, stderr } = await command([...args, '--json'], {
    YUMAGATE_DATA_DIR: gateway.directory,
  })
  if (code !== 0) throw new Error(stderr)
  const json = JSON.parse(stdout)
  if (typeof json.key === 'string') texts.push(json.key)
  return json
}

const clientOf = (apiKey: string, options: { maxRetries?: number; fetch?: typeof fetch } = {}) =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0, ...options })

const HELLO = { model: 'yuma-text', messages: [{ role: 'user' as const, content: 'Say hello' }] }

async function failureOf(asking: Promise<unknown>): Promise<APIError> {
  try {
    await asking
  } catch (error) {
    if (error instanceof APIError) return error
    throw error
  }
  throw new Error('It did not fail.')
}

describe('requests per minute', () => {
  it('the headers are on every answer, and the one too many is a 429 with retry-after', async () => {
    const { key } = await run(
      'key',
      'create',
      'team',
      '--requests-per-minute',
      '2',
      '--tokens-per-minute',
      '50000',
    )
    const { response } = await clientOf(key).chat.completions.create(HELLO).withResponse()
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': '30s',
      'x-ratelimit-limit-tokens': '50000',
      'x-ratelimit-remaining-tokens': expect.stringMatching(/^\d+$/),
    })
    const { response: streamed } = await clientOf(key)
      .chat.completions.create({ ...HELLO, stream: true })
      .withResponse()
    expect(streamed.headers.get('x-ratelimit-remaining-requests')).toBe('0')
    await streamed.body?.cancel()
    const error = await failureOf(clientOf(key).chat.completions.create(HELLO))
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' })
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(error.headers?.get('retry-after'))).toBeLessThanOrEqual(30)
    expect(error.headers?.get('x-ratelimit-reset-requests')).toMatch(/^(\d+m)?\d+s$/)
  })

  it('the official client waits and tries again by itself', async () => {
    const { key } = await run('key', 'create', 'team', '--requests-per-minute', '30')
    const statuses: number[] = []
    const watched: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      statuses.push(response.status)
      return response
    }
    const client = clientOf(key, { maxRetries: 8, fetch: watched })
    // All at once: the last two find the bucket empty, and one flows in each second second.
    const answers = await Promise.all(
      Array.from({ length: 32 }, () => client.chat.completions.create({ ...HELLO, max_tokens: 2 })),
    )
    expect(answers.every(({ choices }) => choices.length === 1)).toBe(true)
    expect(statuses).toContain(429)
    expect(statuses.filter((status) => status === 200)).toHaveLength(32)
  })

  it('reading costs nothing', async () => {
    const { key } = await run('key', 'create', 'team', '--requests-per-minute', '1')
    for (let turn = 0; turn < 5; turn += 1) await clientOf(key).models.list()
    await clientOf(key).chat.completions.create(HELLO)
  })
})

it('a key sees and uses what it may, and is told what it may not', async () => {
  const { key } = await run('key', 'create', 'team', '--capability', 'chat', '--model', 'yuma-text')
  const models = await clientOf(key).models.list()
  expect(models.data.map(({ id }) => id)).toEqual(['yuma-text'])
  await clientOf(key).chat.completions.create(HELLO)
  const picture = await failureOf(clientOf(key).images.generate({ prompt: 'a lighthouse' }))
  expect(picture).toMatchObject({ status: 403, code: 'permission_denied' })
  const other = await failureOf(clientOf(key).models.retrieve('yuma-transcribe'))
  expect(other).toMatchObject({ status: 403, param: 'model' })
  const pipeline = await fetch(`${gateway.url}/v1/pipelines/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      steps: [{ id: 'paint', use: 'image.generate', with: { prompt: 'a lighthouse' } }],
    }),
  })
  const { error: pipelineError } = (await pipeline.json()) as { error: { code: string } }
  expect([pipeline.status, pipelineError.code]).toEqual([403, 'permission_denied'])
})

it('a key is used from its networks only, as the trusted proxy names them', async () => {
  const { key } = await run('key', 'create', 'team', '--ip', '192.0.2.0/24')
  const ask = (forwarded: string | null) =>
    new Promise<number>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${key}`,
        ...(forwarded !== null && { 'x-forwarded-for': forwarded }),
      }
      const outgoing = request(`${gateway.url}/v1/models`, { headers }, (incoming) => {
        incoming.resume()
        resolve(incoming.statusCode ?? 0)
      })
      outgoing.on('error', reject).end()
    })
  expect(await ask('192.0.2.7')).toBe(200)
  expect(await ask('198.51.100.1')).toBe(403)
  expect(await ask('192.0.2.7, 198.51.100.1')).toBe(403)
  expect(await ask(null)).toBe(403)
})

it('a budget that pays for k of n requests at once serves k, and says what is left', async () => {
  const { key, id } = await run('key', 'create', 'team', '--budget', '0.000001', '--budget-period', 'day')
  // Of three input tokens bounded by bytes and two output tokens: the worst case is the same for all.
  const order = { ...HELLO, max_tokens: 2 }
  const worst = await failureOf(
    clientOf((await run('key', 'create', 'team', '--budget', '0.000000001')).key).chat.completions.create(
      order,
    ),
  )
  const body = worst.error as { message: string }
  expect(worst).toMatchObject({ status: 402, code: 'key_budget_exhausted', type: 'insufficient_quota' })
  expect(body.message).toContain('budget of this key')
  expect(worst.headers?.get('cache-control')).toBe('no-store')
  expect(worst.headers?.get('x-should-retry')).toBe('false')
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, () =>
      clientOf(key)
        .chat.completions.create(order)
        .then(
          () => 'served',
          (error: APIError) => error.code,
        ),
    ),
  )
  const served = outcomes.filter((outcome) => outcome === 'served').length
  expect(served).toBeGreaterThan(0)
  expect(new Set(outcomes)).toEqual(new Set(['served', 'key_budget_exhausted']))
  const { budget } = await run('key', 'show', id)
  expect(BigInt(budget.spent_rao)).toBeLessThanOrEqual(BigInt(budget.amount_rao))
  expect(BigInt(budget.spent_rao)).toBe(BigInt(served) * 5n)
})

it('rotation: both keys serve, the old one until it is revoked; an expired one never', async () => {
  const old = await run('key', 'create', 'team')
  const next = await run('key', 'rotate', old.id, '--overlap', '1h')
  await clientOf(old.key).models.list()
  await clientOf(next.key).models.list()
  await run('key', 'revoke', old.id)
  expect(await failureOf(clientOf(old.key).models.list())).toMatchObject({
    status: 401,
    code: 'invalid_api_key',
  })
  await clientOf(next.key).models.list()
  const expired = await run('key', 'create', 'team', '--expires', '0s')
  expect(await failureOf(clientOf(expired.key).models.list())).toMatchObject({ status: 401 })
})

it('no text of a key and no token is logged or audited, and the books balance', async () => {
  const lines = await run('audit', '--limit', '1000')
  expect(lines.length).toBeGreaterThan(10)
  const said = gateway.errors() + JSON.stringify(lines)
  for (const text of [...texts, ADMIN_TOKEN, gateway.key]) expect(said).not.toContain(text)
  expect((await run('ledger', 'verify')).holds).toBe(true)
})

it('the admin API opens beyond loopback only with a long token', async () => {
  const env = { YUMAGATE_DATA_DIR: freshDirectory(), YUMAGATE_ADMIN_HOST: '0.0.0.0', PORT: '0' }
  for (const more of [{}, { YUMAGATE_ADMIN_TOKEN: 'only-16-letters.' }]) {
    const { code, stderr } = await command(['start', '--json'], { ...env, ...more })
    expect(code).toBe(1)
    expect(stderr).toContain('YUMAGATE_ADMIN_HOST')
    expect(stderr).not.toContain('only-16-letters.')
  }
})
