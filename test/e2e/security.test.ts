/** A session with known secrets, tenants that are strangers, and limits, against the program as it runs. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { speak } from '../src/http/wire.ts'
import { command, launch, type RunningGateway, remove } from './gateway.ts'

/** Every one of them must stay out of the log and, but where the caller is meant to see it, out of every answer. */
const SECRETS = {
  key: 'sk-yuma-KEYSECRET-0123456789',
  adminToken: 'ADMINSECRET-0123456789-0123456789',
  metricsToken: 'METRICSECRET-0123456789',
  wrongKey: 'sk-WRONGSECRET-0123456789',
  linkToken: 'LINKSECRET',
  prompt: 'PROMPTSECRET',
}
const ACCOUNT_BYTES_MAX = 4_000_000

let gateway: RunningGateway
let other: string
beforeAll(async () => {
  gateway = await launch({
    env: {
      LOG_LEVEL: 'trace',
      YUMAGATE_DEMO_KEY: SECRETS.key,
      YUMAGATE_ADMIN_TOKEN: SECRETS.adminToken,
      YUMAGATE_METRICS_TOKEN: SECRETS.metricsToken,
      YUMAGATE_ACCOUNT_FILE_BYTES: String(ACCOUNT_BYTES_MAX),
    },
  })
  const created = await command(['account', 'create', 'other', '--devnet-fund', '1', '--json'], {
    YUMAGATE_DATA_DIR: gateway.directory,
  })
  other = JSON.parse(created.stdout).key
})
afterAll(async () => {
  await gateway?.stop()
  if (gateway) remove(gateway.directory)
})

const ask = (path: string, key: string, init: RequestInit = {}) =>
  fetch(`${gateway.url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } })
const post = (path: string, key: string, body: unknown) =>
  ask(path, key, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const messages = [{ role: 'user', content: `${SECRETS.prompt}: what is 3 times 4?` }]
const upload = (key: string, content: string, fileName = 'a.txt') => {
  const form = new FormData()
  form.append('purpose', 'user_data')
  form.append('file', new Blob([content], { type: 'text/plain' }), fileName)
  return ask('/v1/files', key, { method: 'POST', body: form })
}
const jsonOf = async (answer: Response) => (await answer.json()) as Record<string, any>

it('no key, token, prompt or answer is in the log of a session at its most talkative, however requests fail', async () => {
  const { key, prompt } = SECRETS
  for (const model of [
    'yuma-text',
    'busy-yuma-text',
    'fail-yuma-text',
    'garbage-yuma-text',
    'no-such-model',
  ]) {
    for (const stream of [false, true])
      await (await post('/v1/chat/completions', key, { model, messages, stream, max_tokens: 20 })).text()
  }
  for (const body of [
    `{"model": ${prompt}`,
    `${prompt}`,
    `{"model":"yuma-text","messages":"${prompt}"}`,
    `{"__proto__":"${prompt}"}`,
  ])
    expect((await post('/v1/chat/completions', key, body)).status).toBe(400)
  await (
    await post('/v1/images/generations', key, { prompt, size: '256x256', response_format: 'url' })
  ).text()
  const steps = [{ id: 'a', use: 'chat', with: { messages, max_tokens: 10 } }]
  await (await post('/v1/pipelines/runs?wait=20', key, { version: 1, steps })).text()
  await (
    await post('/v1/pipelines/runs?wait=20', key, { version: 1, steps: [{ id: 'a', use: prompt }] })
  ).text()
  await (await upload(key, prompt, `${prompt}.wav`)).text()
  await (await ask('/v1/models', SECRETS.wrongKey)).text()
  await (await fetch(`${gateway.url}/v1/files/file-x/content?token=${SECRETS.linkToken}.1.x`)).text()
  const admin = JSON.parse(readFileSync(join(gateway.directory, 'run.json'), 'utf8')).admin.url
  for (const token of [SECRETS.adminToken, SECRETS.metricsToken, SECRETS.wrongKey]) {
    await (await fetch(`${admin}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text()
    await (await fetch(`${admin}/keys`, { headers: { authorization: `Bearer ${token}` } })).text()
  }
  const log = gateway.errors()
  expect(log).toContain('expert_bad_response')
  for (const [name, secret] of Object.entries(SECRETS)) {
    // A parser would quote ten characters.
    expect([name, log.includes(secret.slice(0, 9))]).toEqual([name, false])
  }
  expect(log).not.toContain(other)
})

it('what is metered names no account and no key', async () => {
  const { admin } = JSON.parse(readFileSync(join(gateway.directory, 'run.json'), 'utf8'))
  const answer = await fetch(`${admin.url}/metrics`, {
    headers: { authorization: `Bearer ${SECRETS.metricsToken}` },
  })
  const text = await answer.text()
  expect(text).toContain(
    'yumagate_http_request_duration_seconds_count{route="/v1/chat/completions",status="200"}',
  )
  expect(text).toMatch(/yumagate_miner_attempts_total\{expert="text",outcome="garbage"\} [1-9]/)
  expect(text).not.toMatch(/acc_|key_|SECRET|5[A-HJ-NP-Za-km-z1-9]{47}/)
  const { status } = await fetch(`${admin.url}/keys`, {
    headers: { authorization: `Bearer ${SECRETS.metricsToken}` },
  })
  expect(status).toBe(401)
})

it('what keeps secrets in the data directory is readable by its owner alone', () => {
  expect(statSync(gateway.directory).mode & 0o077).toBe(0)
  for (const name of readdirSync(gateway.directory)) {
    if (/run\.json|secret|key/.test(name))
      expect([name, statSync(join(gateway.directory, name)).mode & 0o077]).toEqual([name, 0])
  }
})

it('two keys in one request are refused, whichever stands first', async () => {
  const port = Number(new URL(gateway.url).port)
  for (const keys of [
    [SECRETS.key, SECRETS.wrongKey],
    [SECRETS.wrongKey, SECRETS.key],
    [SECRETS.key, SECRETS.key],
  ]) {
    const lines = keys.map((key) => `Authorization: Bearer ${key}\r\n`).join('')
    const bytes = `GET /v1/models HTTP/1.1\r\nHost: x\r\n${lines}Connection: close\r\n\r\n`
    expect((await speak(port, bytes)).statuses).toEqual([401])
  }
})

describe('another account', () => {
  it('finds neither the files, the runs nor the receipts of this one: 404, as for what was never there', async () => {
    const file = await jsonOf(await upload(SECRETS.key, 'mine'))
    const steps = [{ id: 'a', use: 'text.concat', with: { parts: ['a'] } }]
    const run = await jsonOf(await post('/v1/pipelines/runs?wait=20', SECRETS.key, { version: 1, steps }))
    const chat = await jsonOf(
      await post('/v1/chat/completions', SECRETS.key, { model: 'yuma-text', messages }),
    )
    const receipt = chat.usage.receipt_id
    const shape = async (answer: Response) => {
      const { error } = await jsonOf(answer)
      return [answer.status, error.code, String(error.message).replace(/"[^"]*"|\S+_\S+/g, '…')]
    }
    for (const [path, never, method] of [
      [`/v1/files/${file.id}`, '/v1/files/file-0', 'GET'],
      [`/v1/files/${file.id}/content`, '/v1/files/file-0/content', 'GET'],
      [`/v1/files/${file.id}`, '/v1/files/file-0', 'DELETE'],
      [`/v1/pipelines/runs/${run.id}`, '/v1/pipelines/runs/run_0', 'GET'],
      [`/v1/pipelines/runs/${run.id}/events`, '/v1/pipelines/runs/run_0/events', 'GET'],
      [`/v1/pipelines/runs/${run.id}/cancel`, '/v1/pipelines/runs/run_0/cancel', 'POST'],
      [`/v1/receipts/${receipt}`, '/v1/receipts/rcp_0', 'GET'],
    ] as const) {
      const theirs = await shape(await ask(path, other, { method }))
      expect([path, theirs[0]]).toEqual([path, 404])
      expect(theirs).toEqual(await shape(await ask(never, other, { method })))
    }
    for (const path of ['/v1/files', '/v1/pipelines/runs', '/v1/receipts'])
      expect((await jsonOf(await ask(path, other))).data).toEqual([])
    expect((await ask(`/v1/files/${file.id}`, SECRETS.key)).status).toBe(200)
    expect((await ask(`/v1/receipts/${receipt}`, SECRETS.key)).status).toBe(200)
    await ask(`/v1/files/${file.id}`, SECRETS.key, { method: 'DELETE' })
  })

  it('runs no pipeline over a file of this one, and opens no link to it that was signed for another', async () => {
    const file = await jsonOf(await upload(SECRETS.key, 'mine'))
    const steps = [{ id: 'a', use: 'image.recognize', with: { image: { $file: file.id } } }]
    const refused = await post('/v1/pipelines/runs', other, { version: 1, steps })
    expect([400, 404]).toContain(refused.status)
    const painted = await jsonOf(
      await post('/v1/images/generations', other, { prompt: 'a red circle', response_format: 'url' }),
    )
    const token = new URL(painted.data[0].url).searchParams.get('token')
    expect((await fetch(painted.data[0].url)).status).toBe(200)
    expect((await fetch(`${gateway.url}/v1/files/${file.id}/content?token=${token}`)).status).toBe(401)
    await ask(`/v1/files/${file.id}`, SECRETS.key, { method: 'DELETE' })
  })
})

describe('files', () => {
  it.each([
    '/v1/files/..%2f..%2frun.json/content',
    '/v1/files/%2e%2e%2frun.json/content',
    '/v1/files/..%5crun.json/content',
    '/v1/files/file-%2e%2e/content',
    '/v1/files/../../../etc/passwd',
    '/v1/../run.json',
  ])('%s leads nowhere', async (path) => {
    const port = Number(new URL(gateway.url).port)
    const bytes = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${SECRETS.key}\r\nConnection: close\r\n\r\n`
    const { statuses, text } = await speak(port, bytes)
    expect(statuses).toEqual([404])
    expect(text).not.toContain('root:')
    expect(text).not.toContain(SECRETS.adminToken)
  })

  it('names from outside lose their folders and control characters, and no type that a browser runs comes back', async () => {
    const form = new FormData()
    form.append('purpose', 'user_data')
    form.append('file', new Blob(['<script>'], { type: 'text/html' }), '../../etc/"evil\r\nX-A: b".html')
    const file = await jsonOf(await ask('/v1/files', SECRETS.key, { method: 'POST', body: form }))
    expect(file.filename).not.toMatch(/[/\\\r\n]|\.\./)
    const content = await ask(`/v1/files/${file.id}/content`, SECRETS.key)
    expect(content.headers.get('content-type')).toBe('application/octet-stream')
    expect(content.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(content.headers.get('x-a')).toBeNull()
    await ask(`/v1/files/${file.id}`, SECRETS.key, { method: 'DELETE' })
  })

  it('beyond what an account may keep are a 413, until some are deleted', async () => {
    const first = await jsonOf(await upload(SECRETS.key, 'a'.repeat(2_500_000)))
    const refused = await upload(SECRETS.key, 'b'.repeat(2_500_000))
    expect([refused.status, (await jsonOf(refused)).error.code]).toEqual([413, 'request_too_large'])
    await ask(`/v1/files/${first.id}`, SECRETS.key, { method: 'DELETE' })
    const again = await upload(SECRETS.key, 'b'.repeat(2_500_000))
    expect(again.status).toBe(200)
    await ask(`/v1/files/${(await jsonOf(again)).id}`, SECRETS.key, { method: 'DELETE' })
  })
})

describe('patterns, schemas and keys of a request', () => {
  const chat = (extra: object) =>
    post('/v1/chat/completions', SECRETS.key, { model: 'yuma-text', messages, max_tokens: 20, ...extra })
  const within = async (answer: Promise<Response>) => {
    const { status } = await answer
    expect(status).toBeLessThan(500)
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  }

  it('a pattern that backtracks for ever is never run by the gateway', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } }
    await within(
      chat({
        messages: [{ role: 'user', content: 'a'.repeat(50) }],
        response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
      }),
    )
  })

  it('a schema nested as deep as a body may be, and one that refers to itself, end', async () => {
    let deep: object = { type: 'string' }
    for (let i = 0; i < 50; i += 1) deep = { type: 'object', properties: { a: deep } }
    for (const schema of [deep, { $ref: '#' }, { $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }])
      await within(chat({ response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } }))
  })

  it('a NUL in a path is refused, and one inside of texts breaks nothing', async () => {
    for (const path of ['/v1/files/%00', '/v1/receipts/a%00b', '/v1/pipelines/runs/%00/events'])
      expect([path, (await ask(path, SECRETS.key)).status]).toEqual([path, 400])
    const nul = [{ role: 'user', content: 'a\u0000b' }]
    await within(chat({ messages: nul }))
    const steps = [{ id: 'a', use: 'chat', with: { messages: nul, max_tokens: 10 } }]
    await within(
      post('/v1/pipelines/runs?wait=20', SECRETS.key, { version: 1, steps, metadata: { a: '\u0000' } }),
    )
    await within(post('/v1/pipelines/runs?wait=20', SECRETS.key, { version: 1, steps }))
    await within(upload(SECRETS.key, 'a', 'a\u0000b.txt'))
  })

  it('prototype keys change nothing', async () => {
    expect(
      (
        await post(
          '/v1/chat/completions',
          SECRETS.key,
          '{"model":"yuma-text","messages":[],"__proto__":{"a":1}}',
        )
      ).status,
    ).toBe(400)
    await within(
      post(
        '/v1/chat/completions',
        SECRETS.key,
        `{"model":"yuma-text","messages":${JSON.stringify(messages)},"constructor":{"prototype":{"polluted":1}}}`,
      ),
    )
    const steps = [
      { id: 'constructor', use: 'text.concat', with: { parts: [{ $from: '/steps/__proto__/a' }] } },
    ]
    expect((await post('/v1/pipelines/runs', SECRETS.key, { version: 1, steps })).status).toBe(400)
  })
})
