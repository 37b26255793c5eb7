/** Starting, refusing to start, and ending, as somebody at a terminal sees it. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, freshDirectory, launch, ROOT, type RunningGateway, remove } from './gateway.ts'

let gateway: RunningGateway

beforeAll(async () => {
  gateway = await launch()
})
afterAll(async () => {
  await gateway?.kill()
  if (gateway) remove(gateway.directory)
})

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

describe('start', () => {
  it('says in one line of JSON where it is, with which key and what it can call', () => {
    expect(gateway.ready).toMatchObject({
      ready: true,
      profile: 'devnet',
      balance_rao: expect.stringMatching(/^\d+$/),
    })
    const experts = gateway.ready.experts as { netuid: number; callable: number; total: number }[]
    expect(experts.map(({ netuid }) => netuid)).toEqual([1, 11, 19, 19])
    for (const { callable, total } of experts) {
      expect(callable).toBeGreaterThan(1)
      expect(total).toBeGreaterThanOrEqual(8)
      expect(callable).toBeLessThan(total)
    }
  })

  it('funds the demo account by a transfer on the chain', () => {
    expect(BigInt(String(gateway.ready.balance_rao))).toBeGreaterThan(0n)
  })

  it('is alive and ready, and tells each part’s state', async () => {
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
    const answer = await fetch(`${gateway.url}/readyz`)
    const body = (await answer.json()) as { ready: boolean; parts: Record<string, { ready: boolean }> }
    expect(body.ready).toBe(true)
    expect(Object.keys(body.parts)).toEqual(
      expect.arrayContaining(['store', 'ledger', 'queue', 'chain', 'miners', 'deposits']),
    )
  })

  it('writes run.json for its owner alone', () => {
    expect(statSync(join(gateway.directory, 'run.json')).mode & 0o777).toBe(0o600)
  })
})

describe('a second process', () => {
  it('on the same data directory is refused with the first one’s pid', async () => {
    const { code, stderr } = await command(['start'], { YUMAGATE_DATA_DIR: gateway.directory, PORT: '0' })
    expect(code).toBe(1)
    expect(stderr).toContain(String(gateway.pid))
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('asks the running gateway to open an account with money that can be spent', async () => {
    const { code, stdout } = await command(['account', 'create', 'alice', '--devnet-fund', '1.5', '--json'], {
      YUMAGATE_DATA_DIR: gateway.directory,
    })
    expect(code).toBe(0)
    const made = JSON.parse(stdout) as { key: string; available_rao: string; deposit_address: string }
    expect(made.available_rao).toBe('1500000000')
    const answer = await fetch(`${gateway.url}/v1/account`, {
      headers: { authorization: `Bearer ${made.key}` },
    })
    expect(await answer.json()).toMatchObject({ available_rao: '1500000000', held_rao: '0', spent_rao: '0' })
  })

  it('proves the books of the running gateway', async () => {
    const { code, stdout } = await command(['ledger', 'verify'], { YUMAGATE_DATA_DIR: gateway.directory })
    expect(stdout).toContain('The books balance.')
    expect(code).toBe(0)
  })
})

describe('an account without money', () => {
  it('gets a 402 with the deposit address, and can still read models, balance and receipts', async () => {
    const { stdout } = await command(['account', 'create', 'poor', '--json'], {
      YUMAGATE_DATA_DIR: gateway.directory,
    })
    const made = JSON.parse(stdout) as { key: string; deposit_address: string }
    const call = (path: string, init: RequestInit = {}) =>
      fetch(`${gateway.url}/v1${path}`, {
        ...init,
        headers: { authorization: `Bearer ${made.key}`, 'content-type': 'application/json' },
      })
    const refused = await call('/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ model: 'yuma-text', messages: [{ role: 'user', content: 'Hi' }] }),
    })
    expect(refused.status).toBe(402)
    expect(await refused.json()).toMatchObject({
      error: { code: 'insufficient_quota', type: 'insufficient_quota', param: null },
      topup: { address: made.deposit_address, asset: 'TAO' },
    })
    for (const path of ['/models', '/account', '/receipts']) expect((await call(path)).status, path).toBe(200)
  })
})

describe('one clear line and exit 1', () => {
  it.each([
    ['bad settings', { PORT: 'eighty' }, /PORT/],
    ['an unknown setting', { YUMAGATE_PROFIL: 'x' }, /YUMAGATE_PROFIL/],
    ['a subnets file that is not there', { YUMAGATE_SUBNETS: '/nowhere.json' }, /YUMAGATE_SUBNETS/],
    [
      'a data directory that cannot be written',
      { YUMAGATE_DATA_DIR: join(ROOT, 'package.json', 'data') },
      /YUMAGATE_DATA_DIR/,
    ],
  ])('%s', async (_name, env, message) => {
    const directory = freshDirectory()
    const { code, stderr, stdout } = await command(['start'], {
      YUMAGATE_DATA_DIR: directory,
      PORT: '0',
      ...env,
    })
    remove(directory)
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stdout).toBe('')
  })

  it('a port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const directory = freshDirectory()
    const { code, stderr } = await command(['start'], { YUMAGATE_DATA_DIR: directory, PORT: String(port) })
    server.close()
    remove(directory)
    expect(code).toBe(1)
    expect(stderr).toContain(`Port ${port}`)
  })

  it('a subnets file with a mistake names the path in it', async () => {
    const directory = freshDirectory()
    const file = join(directory, 'subnets.json')
    const subnets = JSON.parse(readFileSync(join(ROOT, 'profiles/devnet/subnets.json'), 'utf8'))
    delete subnets.prices['yuma-text']
    writeFileSync(file, JSON.stringify(subnets))
    const { code, stderr } = await command(['start'], {
      YUMAGATE_DATA_DIR: directory,
      PORT: '0',
      YUMAGATE_SUBNETS: file,
    })
    remove(directory)
    expect(code).toBe(1)
    expect(stderr).toContain('prices.yuma-text')
  })
})

describe('the end', () => {
  it('SIGTERM ends it with 0 and takes its children along', async () => {
    const other = await launch()
    const children = childrenOf(other.pid)
    expect(children.length).toBeGreaterThan(0)
    expect(await other.stop()).toBe(0)
    await gone(children)
    expect(existsSync(join(other.directory, 'run.json'))).toBe(false)
    remove(other.directory)
  })

  it('kill -9 of the gateway ends its children too', async () => {
    const other = await launch()
    const children = childrenOf(other.pid)
    await other.kill()
    await gone(children)
    remove(other.directory)
  })

  it('a running stream may finish after SIGTERM', async () => {
    const other = await launch()
    const answer = await fetch(`${other.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${other.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'slow-yuma-text',
        messages: [{ role: 'user', content: 'Count to 5' }],
        stream: true,
      }),
    })
    const reader = answer.body?.getReader()
    let text = new TextDecoder().decode((await reader?.read())?.value)
    const ended = other.stop()
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
      text += new TextDecoder().decode(part.value)
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
    expect(await ended).toBe(0)
    remove(other.directory)
  })
})

/** Children notice a closed channel on their own. */
async function gone(pids: readonly number[]): Promise<void> {
  for (let i = 0; i < 100 && pids.some(isAlive); i += 1) await new Promise((done) => setTimeout(done, 50))
  expect(pids.filter(isAlive)).toEqual([])
}
