/**
 * Whether one account's flood, or a burst of runs, keeps others waiting: answers of account B, alone and beside them, at a miner that
 * answers each of 8 requests at once after 200 ms.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAccount, subnetsFile } from './behind.mjs'
import { here, NODE_FLAGS, start } from './processes.mjs'

const MINER_MS = 200
const CAPACITY = 8
const FLOOD_CONNECTIONS = 128
const B_CONNECTIONS = 1
const RUNS = 50
const STEPS_PER_RUN = 16
const MODEL = 'fair-model'

export async function measureFairness({ quick }) {
  const requests = quick ? 20 : 100
  const directory = mkdtempSync(join(tmpdir(), 'yumagate-bench-'))
  const upstream = await start('upstream', [join(here, 'upstream.mjs'), '0', String(MINER_MS)], { core: 1 })
  const subnets = join(directory, 'subnets.json')
  writeFileSync(
    subnets,
    JSON.stringify(
      subnetsFile({
        ...{
          name: 'fair',
          model: MODEL,
          upstreamUrl: `http://127.0.0.1:${upstream.ready.port}`,
          concurrencyPerMiner: CAPACITY,
        },
        ...{ inputRao: '300', outputRao: '900' },
      }),
    ),
  )
  const env = {
    PORT: '0',
    YUMAGATE_DATA_DIR: join(directory, 'data'),
    YUMAGATE_SUBNETS: subnets,
    LOG_LEVEL: 'error',
  }
  const gateway = await start('yumagate', [...NODE_FLAGS, 'dist/main.mjs', 'start', '--json'], {
    core: 0,
    env,
  })
  const { url } = gateway.ready
  const rows = []
  try {
    const [a, b] = ['a', 'b'].map((name) => createAccount(name, env))
    const alone = await measure(url, b, requests)
    rows.push(['B alone', alone, alone])
    const flood = startFlood(url, a)
    rows.push([`beside ${FLOOD_CONNECTIONS} connections of A`, await measure(url, b, requests), alone])
    const floodAnswers = await flood.stop()
    await startRuns(url, a)
    rows.push([`beside ${RUNS} runs of ${STEPS_PER_RUN} chats each`, await measure(url, b, requests), alone])
    process.stdout.write(writeTable(rows))
    process.stdout.write(
      `\nA had ${floodAnswers} answers meanwhile; load average ${loadavg()[0].toFixed(1)}.\n`,
    )
  } finally {
    await gateway.stop()
    await upstream.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** One answer after another on each connection. @returns milliseconds of each, sorted */
async function measure(url, key, requests) {
  const agent = new Agent({ keepAlive: true, maxSockets: B_CONNECTIONS })
  const tookMs = []
  const one = async () => {
    while (tookMs.length < requests) {
      const began = performance.now()
      const status = await chat(url, key, agent)
      if (status !== 200) throw new Error(`B was answered with ${status}`)
      tookMs.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: B_CONNECTIONS }, one))
  agent.destroy()
  return tookMs.sort((x, y) => x - y)
}

function startFlood(url, key) {
  const agent = new Agent({ keepAlive: true, maxSockets: FLOOD_CONNECTIONS })
  let isOn = true
  let answers = 0
  const one = async () => {
    while (isOn) if ((await chat(url, key, agent)) === 200) answers += 1
  }
  const all = Array.from({ length: FLOOD_CONNECTIONS }, one)
  return {
    async stop() {
      isOn = false
      await Promise.all(all)
      agent.destroy()
      return answers
    },
  }
}

async function startRuns(url, key) {
  const steps = Array.from({ length: STEPS_PER_RUN }, (_, i) => ({
    id: `step_${i}`,
    use: 'chat',
    with: { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 64 },
  }))
  for (let i = 0; i < RUNS; i += 1) {
    const answer = await fetch(`${url}/v1/pipelines/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ version: 1, steps }),
    })
    if (answer.status !== 202)
      throw new Error(`a run was answered with ${answer.status}: ${await answer.text()}`)
  }
}

function chat(url, key, agent) {
  const body = JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 512 })
  return new Promise((resolve, reject) => {
    httpRequest(
      `${url}/v1/chat/completions`,
      {
        agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (incoming) => incoming.resume().on('end', () => resolve(incoming.statusCode)),
    )
      .on('error', reject)
      .end(body)
  })
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

function writeTable(rows) {
  const lines = ['', '| account B | p50 ms | p95 ms | p99 ms | p95 against alone |', '|---|---|---|---|---|']
  for (const [what, sorted, alone] of rows) {
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(sorted, share).toFixed(0))
    const ratio = (quantile(sorted, 0.95) / quantile(alone, 0.95)).toFixed(2)
    lines.push(`| ${what} | ${p50} | ${p95} | ${p99} | ${ratio} × |`)
  }
  return `${lines.join('\n')}\n`
}
