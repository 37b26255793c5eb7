/** The devnet's process from outside. The work behind its miners is a server of this test, so that no expert is loaded. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { createDendrite10Dialect, MINER_LIMITS } from '../../adapters/miners/index.ts'
import { addressToAccount } from '../../devnet/chain/hashing.ts'
import { deriveKey } from '../../devnet/chain/keys.ts'
import { devnetNeurons, GATEWAY_KEY_URI } from '../../devnet/chain/neurons.ts'
import { subtensor } from '../../devnet/chain/runtime/pallets.ts'
import { type DevnetHandle, type StartDevnetOptions, startDevnet } from '../../devnet/client.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const entryFile = join(ROOT, 'devnet', 'main.ts')
const folders: string[] = []
let upstream: http.Server
let url = ''

function options(changes: Partial<StartDevnetOptions> = {}): StartDevnetOptions {
  const directory = mkdtempSync(join(tmpdir(), 'devnet-'))
  folders.push(directory)
  return {
    entryFile,
    execArgv: ['--import', 'tsx'],
    timeoutMs: 60_000,
    onLine: () => {},
    directory,
    chainPort: 0,
    blockMs: 100,
    upstreams: { text: url, speech: url, vision: url, image: url },
    assets: {
      expertsDirectory: join(ROOT, 'devnet', 'experts'),
      rendererPath: '',
      rendererExecArgv: [],
      tesseractDataPath: '',
    },
    ...changes,
  }
}

/** Whether a process is there; a zombie is not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await wait(20)
}

beforeAll(async () => {
  upstream = http.createServer((request, response) => {
    request.resume()
    const completion = {
      choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
    }
    response.end(JSON.stringify(request.url === '/v1/models' ? { data: [{ id: 'a' }] } : completion))
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`
})

afterAll(async () => {
  upstream.closeAllConnections()
  await new Promise((resolve) => upstream.close(resolve))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe('a devnet that runs', () => {
  let devnet: DevnetHandle

  beforeAll(async () => {
    devnet = await startDevnet(options())
  })
  afterAll(() => devnet.close())

  it('says where its chain is and who is on it', async () => {
    expect(devnet.endpoint).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/)
    expect(devnet.genesisHash).toMatch(/^0x[0-9a-f]{64}$/)
    expect(devnet.gatewayKeyUri).toBe(GATEWAY_KEY_URI)
    const served = (await devnetNeurons()).filter(({ axon }) => axon === 'served')
    expect(devnet.subnets.map(({ netuid }) => netuid)).toEqual([1, 11, 19])
    expect(devnet.subnets.reduce((sum, { minerCount }) => sum + minerCount, 0)).toBe(served.length)
  })

  it('its chain answers, and its miners let the gateway in and nobody else', async () => {
    const axon = await readAxon(devnet.endpoint)
    const ask = async (keyUri: string) => {
      const key = await deriveKey(keyUri)
      const dialect = createDendrite10Dialect({
        limits: MINER_LIMITS,
        nowMs: Date.now,
        random: Math.random,
        externalIp: '0.0.0.0',
        signer: { hotkey: key.address, sign: (message) => key.sign(message) },
      })
      const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
      const call = { timeoutMs: 30_000, firstByteTimeoutMs: 30_000, signal: new AbortController().signal }
      const target = {
        netuid: 1,
        mechid: 0,
        uid: axon.uid,
        hotkey: axon.hotkey,
        baseUrl: axon.baseUrl,
        bearer: null,
      }
      return dialect
        .attempt(target, { kind: 'chat', body, stream: false }, call)
        .finally(() => dialect.close())
    }
    expect(await ask(GATEWAY_KEY_URI)).toMatchObject({ kind: 'chat', json: expect.stringContaining('"hi"') })
    await expect(ask('//Alice')).rejects.toMatchObject({ cause: { reason: 'forbidden', status: 403 } })
  })

  it('pays out of its faucet, exactly, and says why when it cannot', async () => {
    const { address } = await deriveKey('//somebody')
    const amountRao = 9_007_199_254_993n // More than a float holds with its fraction of a TAO.
    expect(await devnet.fund(address, amountRao)).toMatchObject({ to: address, amountRao })
    await expect(devnet.fund('nobody', 1_000n)).rejects.toThrow()
  })

  it('leaves signals to the gateway', async () => {
    process.kill(devnet.pid, 'SIGINT')
    process.kill(devnet.pid, 'SIGTERM')
    const { address } = await deriveKey('//somebody')
    await devnet.fund(address, 1_000_000n)
    expect(devnet.problem).toBeNull()
  })
})

it('keeps its chain over a restart', async () => {
  const start = options()
  const first = await startDevnet(start)
  await first.close()
  expect(isRunning(first.pid)).toBe(false)
  const second = await startDevnet(start)
  expect(second.genesisHash).toBe(first.genesisHash)
  await second.close()
})

it('tells when it was killed, and fails what was asked of it', async () => {
  const devnet = await startDevnet(options({ blockMs: 0 }))
  const { address } = await deriveKey('//somebody')
  const payment = devnet.fund(address, 1_000_000n)
  payment.catch(() => {})
  process.kill(devnet.pid, 'SIGKILL')
  expect(await devnet.ended).toContain('SIGKILL')
  await expect(payment).rejects.toThrow('SIGKILL')
  expect(devnet.problem).toContain('SIGKILL')
  await expect(devnet.fund(address, 1n)).rejects.toThrow('SIGKILL')
})

it('says clearly why it cannot start', async () => {
  const changed = options()
  const file = join(changed.directory, 'file')
  writeFileSync(file, '')
  await expect(startDevnet({ ...changed, directory: file })).rejects.toThrow(
    /The devnet has failed: .*(EEXIST|ENOTDIR)/,
  )
})

it('is not waited for longer than allowed', async () => {
  await expect(startDevnet(options({ timeoutMs: 1 }))).rejects.toThrow('not ready after 1 ms')
})

it('ends when its gateway was killed', async () => {
  const parent = spawnParent(options())
  const pid = await readPid(parent)
  expect(isRunning(pid)).toBe(true)
  parent.kill('SIGKILL')
  await untilGone(pid)
})

it('without a gateway explains itself and ends', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', entryFile], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr.on('data', (chunk) => {
    text += chunk
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect([code, text]).toEqual([2, expect.stringContaining('npm start')])
})

/** A process that starts a devnet and prints its pid. */
function spawnParent(start: StartDevnetOptions): ChildProcess {
  const { onLine: _, ...plain } = start
  const script = `
    import { startDevnet } from ${JSON.stringify(join(ROOT, 'devnet', 'client.ts'))}
    const devnet = await startDevnet({ ...${JSON.stringify(plain)}, onLine() {} })
    process.stdout.write(devnet.pid + '\\n')
    setInterval(() => {}, 1000)`
  const file = join(start.directory, 'parent.mts')
  writeFileSync(file, script)
  return spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function readPid(parent: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    parent.stdout?.once('data', (chunk) => resolve(Number(String(chunk))))
    parent.once('exit', () => reject(new Error('the parent ended')))
  })
}

/** The address of subnet 1's best miner, as the chain tells it: little-endian `AxonInfo` in the neuron's storage. */
async function readAxon(endpoint: string) {
  const neurons = await devnetNeurons()
  const miner = neurons.find(({ netuid, axon }) => netuid === 1 && axon === 'served')
  if (!miner) throw new Error('no miner')
  const socket = new WebSocket(endpoint)
  await new Promise((resolve) => socket.once('open', resolve))
  const reply = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))))
  const params = [subtensor.axons.key(miner.netuid, addressToAccount(miner.hotkey))]
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'state_getStorage', params }))
  const bytes = Buffer.from(JSON.parse(await reply).result.slice(2), 'hex')
  socket.close()
  const ip = [...bytes.subarray(12, 16)].reverse().join('.')
  return { ...miner, baseUrl: `http://${ip}:${bytes.readUInt16LE(28)}` }
}
