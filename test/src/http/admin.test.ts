import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccountService } from '../../../src/billing/accounts.ts'
import { systemTiming } from '../../../src/billing/timing.ts'
import { type AdminAppOptions, createAdminApp } from '../../../src/http/admin.ts'
import type { AdminCopies } from '../../../src/http/admin-copies.ts'
import type { MetricsAppOptions } from '../../../src/http/metrics.ts'
import { RunningSignals } from '../../../src/http/running-signals.ts'
import { type Served, serveApp } from '../../../src/http/serve.ts'
import { type FakeStore, fakeStore } from '../../fakes/store.ts'

const TOKEN = 'a-token-of-the-admin-api'

let store: FakeStore
let served: Served
const lines: unknown[] = []
beforeAll(async () => {
  store = fakeStore()
  const note = (facts: object, message: string) => void lines.push(JSON.stringify([facts, message]))
  served = await serveApp(
    createAdminApp({
      ...{ token: TOKEN, host: '127.0.0.1', rows: store.accounts, audit: store.audit, ledger: store.ledger },
      accounts: createAccountService({
        ...{ accounts: store.accounts, keys: store.keys, random: randomBytes, timing: systemTiming },
        readAddress: (index) => `5Address${index}`,
      }),
      copies: { backup: (write) => write(Buffer.from('whole')), exportLedger: async () => undefined },
      knowsModel: (modelId) => modelId === 'yuma-text',
      log: { info: note, warn: note, error: note, debug: note },
      fund: null,
    }),
    { host: '127.0.0.1', port: 0, signals: new RunningSignals({ requestTimeoutMs: 10_000 }) },
  )
})
afterAll(() => served.close(0))

type Answer = { status: number; headers: Record<string, unknown>; json: Record<string, any> }

/** fetch sets Host by itself. */
function ask(
  method: string,
  path: string,
  options: { body?: unknown; token?: string | null; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { body, token = TOKEN, headers = {} } = options
  return new Promise((resolve, reject) => {
    const outgoing = request(`${served.url}${path}`, {
      method,
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
    })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      let text = ''
      incoming.on('data', (part) => {
        text += part
      })
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, json: JSON.parse(text) }),
      )
    })
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

let names = 0
async function makeAccount() {
  names += 1
  const { json } = await ask('POST', '/accounts', { body: { name: `acc-${names}` } })
  return {
    name: `acc-${names}`,
    id: String(json.account.id),
    keyId: String(json.key_id),
    key: String(json.key),
  }
}

describe('the door', () => {
  it.each([
    ['no token', null],
    ['a wrong token', `${TOKEN.slice(0, -1)}x`],
    ['a longer one', `${TOKEN}x`],
    ['a key of a caller', 'sk-yuma-nobody'],
  ])('is shut for %s: 401', async (_what, token) => {
    const { status, json } = await ask('GET', '/accounts', { token })
    expect([status, json.error.code]).toEqual([401, 'invalid_api_key'])
  })

  it.each(['evil.example', 'evil.example:8080', 'localhost.evil.example'])(
    'is shut for a page that came by the name %j: 403, before the token is looked at',
    async (host) => {
      const { status, json } = await ask('GET', '/accounts', { headers: { host } })
      expect([status, json.error.code]).toEqual([403, 'permission_denied'])
    },
  )

  it.each(['127.0.0.1:9', '[::1]:9', 'localhost', '10.0.0.7:8787', 'gateway:8788'])(
    'is open by the name %s',
    async (host) => {
      expect((await ask('GET', '/accounts', { headers: { host } })).status).toBe(200)
    },
  )

  it('lets no web page read an answer, and answers no preflight', async () => {
    const headers = { origin: 'http://localhost:3000', 'access-control-request-method': 'GET' }
    const { headers: given } = await ask('GET', '/accounts', { headers })
    expect(Object.keys(given).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(given['cache-control']).toBe('no-store')
    expect((await ask('OPTIONS', '/accounts', { headers, token: null })).status).toBe(401)
    expect((await ask('OPTIONS', '/accounts', { headers })).status).toBe(404)
  })

  it('says 404 where there is nothing', async () => {
    expect((await ask('GET', '/nothing')).status).toBe(404)
  })
})

describe('keys', () => {
  it('are made with limits, shown with them, and their text is given once', async () => {
    const account = await makeAccount()
    const body = {
      account: account.name,
      name: 'ci',
      expires_at: '2099-01-01T02:00:00+02:00',
      capabilities: ['chat'],
      models: ['yuma-text'],
      networks: ['192.0.2.7', '2001:db8::/32'],
      requests_per_minute: 60,
      tokens_per_minute: 1000,
      rao_per_minute: '9007199254740993',
      budget: { amount_rao: '9007199254740995', period: 'month' },
    }
    const { status, json } = await ask('POST', '/keys', { body })
    expect(status).toBe(201)
    const { key, ...shown } = json
    expect(key).toMatch(/^sk-yuma-.{44}$/)
    expect(shown).toMatchObject({
      ...body,
      account: account.id,
      expires_at: '2099-01-01T00:00:00.000Z',
      networks: ['192.0.2.7/32', '2001:db8::/32'],
      budget: { ...body.budget, spent_rao: '0' },
      status: 'active',
      last_used_at: null,
    })
    expect((await ask('GET', `/keys/${shown.id}`)).json).toEqual(shown)
    const { json: list } = await ask('GET', `/keys?account=${account.name}`)
    expect(list.data.map(({ id }: { id: string }) => id)).toEqual([account.keyId, shown.id])
    const { json: all } = await ask('GET', `/accounts/${account.name}`)
    expect(all).toMatchObject({
      name: account.name,
      available_rao: '0',
      keys: [{ id: account.keyId }, shown],
    })
  })

  it('are changed in what is named; null takes a limit away', async () => {
    const { keyId } = await makeAccount()
    await ask('PATCH', `/keys/${keyId}`, { body: { requests_per_minute: 5, models: ['yuma-text'] } })
    const { json } = await ask('PATCH', `/keys/${keyId}`, {
      body: { requests_per_minute: null, name: 'web' },
    })
    expect(json).toMatchObject({ requests_per_minute: null, models: ['yuma-text'], name: 'web' })
  })

  it('a change that names nothing is refused: 400', async () => {
    const { keyId } = await makeAccount()
    expect((await ask('PATCH', `/keys/${keyId}`, { body: {} })).status).toBe(400)
  })

  it('are rotated: a new text, the old one for the time stated', async () => {
    const { keyId } = await makeAccount()
    const { status, json } = await ask('POST', `/keys/${keyId}/rotate`, { body: { overlap_s: 3600 } })
    expect(status).toBe(201)
    expect(json.key).toMatch(/^sk-yuma-/)
    const { json: old } = await ask('GET', `/keys/${keyId}`)
    expect(old).toMatchObject({ status: 'active', replaced_by: json.id, expires_at: expect.any(String) })
    expect((await ask('POST', `/keys/${keyId}/rotate`, { body: { overlap_s: 0 } })).status).toBe(409)
  })

  it('are revoked at once and for good', async () => {
    const { keyId } = await makeAccount()
    expect((await ask('POST', `/keys/${keyId}/revoke`)).json.status).toBe('revoked')
    expect((await ask('PATCH', `/keys/${keyId}`, { body: { name: 'x' } })).status).toBe(409)
  })

  it.each([
    [{}, 'account'],
    [{ account: 'acc-1', models: ['no-such-model'] }, 'models'],
    [{ account: 'acc-1', capabilities: ['flying'] }, 'capabilities.0'],
    [{ account: 'acc-1', capabilities: [] }, 'capabilities'],
    [{ account: 'acc-1', networks: ['example.org'] }, 'networks.0'],
    [{ account: 'acc-1', networks: ['10.0.0.0/33'] }, 'networks.0'],
    [{ account: 'acc-1', requests_per_minute: 0 }, 'requests_per_minute'],
    [{ account: 'acc-1', tokens_per_minute: 1.5 }, 'tokens_per_minute'],
    [{ account: 'acc-1', rao_per_minute: 5 }, 'rao_per_minute'],
    [{ account: 'acc-1', rao_per_minute: '0' }, 'rao_per_minute'],
    [{ account: 'acc-1', budget: { amount_rao: '-1', period: 'day' } }, 'budget.amount_rao'],
    [{ account: 'acc-1', budget: { amount_rao: '1', period: 'week' } }, 'budget.period'],
    [{ account: 'acc-1', expires_at: 'tomorrow' }, 'expires_at'],
    [{ account: 'acc-1', buget: null }, null],
  ])('%j is refused: 400', async (body, param) => {
    const { status, json } = await ask('POST', '/keys', { body })
    expect([status, json.error.code, json.error.param]).toEqual([400, 'invalid_request', param])
  })

  it.each([
    ['GET', '/keys/key_nobody'],
    ['GET', '/accounts/nobody'],
    ['GET', '/keys?account=nobody'],
    ['POST', '/keys/key_nobody/revoke'],
  ])('%s %s: 404', async (method, path) => {
    expect((await ask(method, path)).status).toBe(404)
  })
})

describe('the audit log', () => {
  it('says who did what from where, newest first, page by page', async () => {
    const { keyId } = await makeAccount()
    await ask('PATCH', `/keys/${keyId}`, { body: { name: 'x' }, headers: { 'x-yumagate-actor': 'ann' } })
    const { json } = await ask('GET', '/audit?limit=2')
    expect(json.data[0]).toMatchObject({
      ...{ actor: 'ann', address: '127.0.0.1', action: 'key.limit', subject: keyId },
      details: { before: { name: null }, after: { name: 'x' } },
    })
    expect(json.data[1]).toMatchObject({ actor: 'admin', action: 'key.create' })
    const { json: older } = await ask('GET', `/audit?limit=1&before=${json.data[0].number}`)
    expect(older.data).toEqual([json.data[1]])
    expect((await ask('GET', '/audit?limit=x')).status).toBe(400)
  })

  it('a name that could forge lines is refused', async () => {
    const { keyId } = await makeAccount()
    const headers = { 'x-yumagate-actor': 'x'.repeat(65) }
    expect((await ask('POST', `/keys/${keyId}/revoke`, { headers })).status).toBe(400)
    expect((await ask('GET', `/keys/${keyId}`)).json.status).toBe('active')
  })

  it('no text of a key, and no token, is in the log, in an answer after the first, or in a line', async () => {
    const { key, keyId, name } = await makeAccount()
    const { json: added } = await ask('POST', '/keys', { body: { account: name } })
    const { json: rotated } = await ask('POST', `/keys/${keyId}/rotate`, { body: { overlap_s: 0 } })
    store.fail()
    await ask('GET', '/accounts')
    store.heal()
    const said = JSON.stringify([
      ...(await Promise.all(
        ['/audit?limit=1000', '/keys', '/accounts', `/accounts/${name}`, `/keys/${keyId}`].map((path) =>
          ask('GET', path),
        ),
      )),
      ...lines,
    ])
    for (const text of [key, added.key, rotated.key, TOKEN]) expect(said).not.toContain(text)
  })
})

it('docs/admin-api.md lists exactly the routes that there are', () => {
  const nothing: unknown = new Proxy({}, { get: () => ({}) })
  const metrics = { ...(nothing as MetricsAppOptions), tokens: ['x'], host: 'x' }
  const copies = nothing as AdminCopies
  const app = createAdminApp({ ...(nothing as AdminAppOptions), metrics, copies, token: 'x', host: 'x' })
  const served = app.routes
    .filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
  const documented = [...readFileSync('docs/admin-api.md', 'utf8').matchAll(/^\| `([A-Z]+ \/\S+)` \|/gm)].map(
    ([, route]) => route,
  )
  expect(documented.sort()).toEqual([...new Set(served)].sort())
})
