/** What was announced as final stays, whatever happens to the process or to the end of a file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { addressToAccount } from '../../../devnet/chain/hashing.ts'
import { createFaucet, startDevnetChain } from '../../../devnet/chain/index.ts'
import { RpcClient } from '../../../devnet/chain/rpc/client.ts'
import { system } from '../../../devnet/chain/runtime/pallets.ts'
import { fromHex } from '../../../devnet/chain/scale/bytes.ts'
import { decode } from '../../../devnet/chain/scale/codec.ts'
import { lockDirectory } from '../../../devnet/chain/state/directory-lock.ts'
import { DamagedLogError, LineLog, readChecksummedLines } from '../../../devnet/chain/state/line-log.ts'
import { until } from '../../contract/chain.ts'
import { addressOf, startStage } from './stage.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'devnet-durable-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const start = () => startDevnetChain({ directory, blockMs: 0, finalityLag: 0 })
const segments = async () => (await readdir(directory)).filter((name) => name.startsWith('blocks-')).sort()

it('a process that is killed at random moments keeps every hash and every payment that it called final', {
  timeout: 120_000,
}, async () => {
  const seed = Date.now()
  process.stdout.write(`seed ${seed}\n`)
  const random = mulberry(seed)
  const announced = new Map<number, string>()
  const to = await addressOf('//somebody')
  let paidRao = 0n
  for (let round = 0; round < 5; round++) {
    const node = await spawnNode()
    const heads = await watchFinalized(node.endpoint, announced)
    const faucet = createFaucet({ endpoint: node.endpoint, timeoutMs: 10_000 })
    let isKilled = false
    const paying = (async () => {
      while (!isKilled) {
        const payment = await faucet.send({ to, amountRao: 1_000n })
        paidRao += payment.amountRao
      }
    })().catch(() => undefined)
    const target = announced.size + 5 + Math.floor(random() * 40)
    await until(() => announced.size >= target)
    isKilled = true
    node.child.kill('SIGKILL')
    await once(node.child, 'exit')
    await paying
    heads.close()
  }
  const chain = await start()
  for (const [number, hash] of announced) expect(chain.operations.hashOf(number)).toBe(hash)
  const client = await RpcClient.connect(chain.endpoint, 10_000)
  for (const [number, hash] of [...announced].slice(-20)) {
    expect((await client.readBlock(hash)).number).toBe(number)
  }
  const stored = await client.call('state_getStorage', [system.account.key(addressToAccount(to))])
  const { data } = decode(system.account.value, fromHex(stored as string))
  client.close()
  await chain.close()
  expect(announced.size).toBeGreaterThan(25)
  expect(paidRao).toBeGreaterThan(0n)
  // A payment may have become final without anybody having been told, never the other way round.
  expect(data.free).toBeGreaterThanOrEqual(paidRao)
})

describe('a restart', () => {
  it('goes on from the last final block with the same genesis, state and nonces', async () => {
    const before = await startStage({ directory })
    await before.transfer(await addressOf('//somebody'), 5_000n)
    await before.operations.produce(3)
    const { head } = before.operations
    await before.close()
    const after = await startStage({ directory })
    expect(after.genesisHash).toBe(before.genesisHash)
    expect(after.operations.head).toEqual(head)
    const client = await after.client()
    expect(await client.readNextNonce(await addressOf('//Alice'))).toBe(1)
    client.close()
    expect((await after.operations.produce()).number).toBe(head.number + 1)
    await after.close()
  })

  it('forgets what was not final, and never two blocks with one number are final', async () => {
    const before = await startStage({ directory, finalityLag: 3 })
    await before.operations.produce(5)
    const final = before.operations.finalized
    await before.close()
    const after = await startStage({ directory, finalityLag: 3 })
    expect(after.operations.head).toEqual(final)
    await after.operations.produce(5)
    expect(after.operations.hashOf(final.number)).toBe(final.hash)
    await after.close()
  })

  it('keeps an upgraded runtime', async () => {
    const before = await startStage({ directory })
    before.operations.upgradeRuntime({ specVersion: 499 })
    await before.operations.produce(2)
    await before.close()
    const after = await startStage({ directory })
    const client = await after.client()
    expect(await client.readSpecVersion()).toBe(499)
    client.close()
    await after.close()
  })

  it('after many blocks: the directory stays small, old hashes are still known, old states no longer', {
    timeout: 120_000,
  }, async () => {
    const before = await start()
    await before.operations.produce(1_300)
    const hashes = [1, 600, 1_000, 1_299].map((number) => before.operations.hashOf(number))
    await before.close()
    const after = await start()
    expect([1, 600, 1_000, 1_299].map((number) => after.operations.hashOf(number))).toEqual(hashes)
    expect((await stat(join(directory, 'snapshot.log'))).size).toBeLessThan(200_000)
    const client = await RpcClient.connect(after.endpoint, 10_000)
    await expect(
      client.call('state_call', ['AccountNonceApi_account_nonce', '0x', hashes[0]]),
    ).rejects.toThrow(/State already discarded/)
    // Events outlive the rest of the state: a watcher that was away can catch up.
    expect((await client.readBlock(hashes[0]!)).extrinsics).toHaveLength(1)
    client.close()
    await after.operations.produce()
    await after.close()
  })

  it('makes a new chain, with another genesis, in another directory', async () => {
    const first = await start()
    const other = await startStage()
    expect(other.genesisHash).not.toBe(first.genesisHash)
    await first.close()
    await other.close()
  })

  it('a port that is taken is an error, and the directory is free again', async () => {
    const first = await startStage()
    const port = Number(new URL(first.endpoint).port)
    await expect(startDevnetChain({ directory, port, blockMs: 0 })).rejects.toThrow(/EADDRINUSE/)
    const again = await start()
    await again.close()
    await first.close()
  })
})

describe('two processes', () => {
  it('never write to one directory: the second waits until the first has ended', {
    timeout: 60_000,
  }, async () => {
    const node = await spawnNode()
    const second = start()
    let isOpen = false
    void second.then(() => {
      isOpen = true
    })
    await stat(join(directory, 'lock'))
    expect(isOpen).toBe(false)
    node.child.kill('SIGKILL')
    await once(node.child, 'exit')
    const chain = await second
    expect(chain.genesisHash).toBe(node.genesisHash)
    await chain.close()
  })

  it('a lock of a process that is gone is taken over, and half a lock too', async () => {
    for (const content of [
      '{"pid":999999999,"startedAt":"1"}',
      '{"pid":',
      `{"pid":${process.pid},"startedAt":"0"}`,
    ]) {
      await writeFile(join(directory, 'lock'), content)
      const chain = await start()
      await chain.close()
    }
    expect((await readdir(directory)).some((name) => name.startsWith('lock'))).toBe(false)
  })

  it('a directory that somebody keeps is refused by his number', async () => {
    const unlock = await lockDirectory(directory, { waitMs: 0 })
    await expect(lockDirectory(directory, { waitMs: 50 })).rejects.toThrow(`run by process ${process.pid}`)
    unlock()
    const again = await lockDirectory(directory, { waitMs: 0 })
    again()
  })
})

describe('a damaged file', () => {
  async function make(blocks: number) {
    const chain = await start()
    await chain.operations.produce(blocks)
    const hashes = Array.from({ length: blocks + 1 }, (_, number) => chain.operations.hashOf(number))
    await chain.close()
    const [name = ''] = await segments()
    return { hashes, path: join(directory, name) }
  }

  it.each([1, 10, 400])(
    'a last line that lacks %i bytes is cut off, everything before it stays',
    async (missing) => {
      const { hashes, path } = await make(5)
      await truncate(path, (await stat(path)).size - missing)
      const chain = await start()
      expect(chain.operations.head).toEqual({ number: 4, hash: hashes[4] })
      expect((await chain.operations.produce()).number).toBe(5)
      await chain.close()
      const again = await start()
      expect(again.operations.head.number).toBe(5)
      await again.close()
    },
  )

  it('rubbish behind the last line is cut off', async () => {
    const { hashes, path } = await make(3)
    await appendFile(path, 'deadbeef {"half": ')
    const chain = await start()
    expect(chain.operations.head).toEqual({ number: 3, hash: hashes[3] })
    await chain.close()
  })

  it('a changed byte in the middle is refused: what was final would be lost', async () => {
    const { path } = await make(5)
    const content = await readFile(path)
    content[Math.floor(content.length / 2)]! ^= 1
    await writeFile(path, content)
    await expect(start()).rejects.toThrow(DamagedLogError)
  })

  it('a missing segment is refused', { timeout: 120_000 }, async () => {
    const chain = await start()
    await chain.operations.produce(1_100)
    await chain.close()
    const names = await segments()
    expect(names.length).toBeGreaterThan(2)
    await rm(join(directory, names[1]!))
    await expect(start()).rejects.toThrow(DamagedLogError)
  })
})

it('blocks that cannot be written are not final, and are tried again', async () => {
  const problems: unknown[] = []
  const chain = await startDevnetChain({
    directory,
    blockMs: 0,
    finalityLag: 0,
    onDiskError: (error) => problems.push(error),
  })
  await chain.operations.produce()
  const append = LineLog.prototype.append
  LineLog.prototype.append = async () => {
    throw new Error('ENOSPC')
  }
  try {
    await chain.operations.produce(2)
  } finally {
    LineLog.prototype.append = append
  }
  expect(problems).toHaveLength(2)
  expect(chain.operations.finalized.number).toBe(1)
  await chain.operations.produce()
  expect(chain.operations.finalized.number).toBe(4)
  await chain.close()
  const again = await start()
  expect(again.operations.head.number).toBe(4)
  await again.close()
})

it('a log that was never written has no lines', async () => {
  expect(await readChecksummedLines(join(directory, 'absent'))).toMatchObject({ lines: [], sizeBytes: 0 })
})

async function spawnNode(): Promise<{ child: ChildProcess; endpoint: string; genesisHash: string }> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/devnet/chain/crash-child.ts', directory, '5'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const lines = createInterface({ input: child.stdout! })
  const [line] = (await once(lines, 'line')) as [string]
  const [endpoint = '', genesisHash = ''] = line.split(' ')
  return { child, endpoint, genesisHash }
}

/** Notes every final block that the node tells of: number and hash, as a client would keep them. */
async function watchFinalized(endpoint: string, announced: Map<number, string>): Promise<WebSocket> {
  const socket = new WebSocket(endpoint)
  await once(socket, 'open')
  socket.on('error', () => undefined)
  let last = 0
  const asked = new Map<number, number>()
  socket.on('message', (data) => {
    const message = JSON.parse(String(data))
    if (message.params) {
      const number = Number(message.params.result.number)
      last += 1
      asked.set(last, number)
      socket.send(
        JSON.stringify({ jsonrpc: '2.0', id: last, method: 'chain_getBlockHash', params: [number] }),
      )
    } else if (asked.has(message.id) && message.result) {
      announced.set(asked.get(message.id)!, message.result)
    }
  })
  last += 1
  socket.send(
    JSON.stringify({ jsonrpc: '2.0', id: last, method: 'chain_subscribeFinalizedHeads', params: [] }),
  )
  return socket
}

function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
