/**
 * Memory at the limits of one machine: readers that read nothing, connections that say nothing, uploads, a pipelined burst and a burst of
 * runs, all at once, twice. Peak of resident memory of the gateway beside what it takes idle; what grows without bound is higher the second
 * time.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAccount, subnetsFile } from './behind.mjs'
import { here, NODE_FLAGS, rssMb, start } from './processes.mjs'

/** Readers of streams that read nothing of them. */
const SLOW_READERS = 500
const IDLE_CONNECTIONS = 1000
const UPLOAD_MB = 25
const UPLOADS = 8
const PIPELINED = 100
const PIPELINING_CONNECTIONS = 20
const RUNS = 100
const STEPS_PER_RUN = 16
/** What each slow reader is sent, if it read. */
const STREAM_MB = 8
const MODEL = 'wide-model'

export async function measureLimits({ quick }) {
  const scale = quick ? 0.1 : 1
  const directory = mkdtempSync(join(tmpdir(), 'yumagate-bench-'))
  const upstream = await start('upstream', [join(here, 'flood-upstream.mjs'), String(STREAM_MB)], { core: 1 })
  const subnets = join(directory, 'subnets.json')
  writeFileSync(
    subnets,
    JSON.stringify(
      subnetsFile({
        ...{
          name: 'wide',
          model: MODEL,
          upstreamUrl: `http://127.0.0.1:${upstream.ready.port}`,
          concurrencyPerMiner: 1024,
        },
        ...{ inputRao: '1', outputRao: '1', more: { outputTokensMax: 1_000_000 } },
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
    core: '0,1',
    env,
  })
  const rows = []
  const sockets = []
  try {
    const key = createAccount('limits', env)
    const target = { url: gateway.ready.url, key, port: Number(new URL(gateway.ready.url).port), sockets }
    // What is loaded on first use is not the load's.
    await run(target, { chats: 50 })
    const note = (what) => rows.push([what, rssMb(gateway.pid), ''])
    note('idle, after 50 chats')
    for (const round of ['first', 'second']) {
      const peak = watchPeak(gateway.pid)
      const answers = await burst(target, scale)
      rows.push([`peak of the ${round} round`, peak.stop(), answers])
      for (const socket of sockets.splice(0)) socket.destroy()
      await sleep(quick ? 1_000 : 15_000)
      note(`15 s after all have gone`)
    }
    process.stdout.write(
      `\n| | resident MB | answers |\n|---|---|---|\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n\nLoad average ${loadavg()[0].toFixed(1)}; file descriptors open at the end: ${openFiles(gateway.pid)}.\n`,
    )
  } finally {
    for (const socket of sockets) socket.destroy()
    await gateway.stop()
    await upstream.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Everything at once. @returns what was answered, in words */
async function burst(target, scale) {
  const of = (count) => Math.max(1, Math.round(count * scale))
  await openIdle(target, of(IDLE_CONNECTIONS))
  await openSlowReaders(target, of(SLOW_READERS))
  // On a loaded machine not all are served before the first are taken for gone.
  let streams = 0
  for (let i = 0; i < 20 && streams < of(SLOW_READERS); i += 1) {
    await sleep(1_000)
    streams = Math.max(streams, await countStreams(target))
  }
  const bursts = await Promise.all([
    upload(target, of(UPLOADS)),
    pipelined(target, of(PIPELINING_CONNECTIONS)),
    startRuns(target, of(RUNS)),
  ])
  const { status } = await fetch(`${target.url}/healthz`)
  return [`${streams} streams open at once`, ...bursts, `healthz ${status}`].join('; ')
}

async function countStreams({ url }) {
  const { parts } = await (await fetch(`${url}/readyz`)).json()
  return parts.miners.experts[0].line?.inFlight ?? 0
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function openFiles(pid) {
  return Number(/FDSize:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

const chatBody = (extra = {}) =>
  JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 64, ...extra })

async function run({ url, key }, { chats }) {
  for (let i = 0; i < chats; i += 1) {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: chatBody(),
    })
    if (answer.status !== 200)
      throw new Error(`a chat was answered with ${answer.status}: ${await answer.text()}`)
    await answer.text()
  }
}

function open({ port, sockets }, bytes) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined)
      if (bytes) socket.write(bytes)
      resolve(socket)
    })
    socket.once('error', reject)
    socket.pause()
    sockets.push(socket)
  })
}

/** Kept connections that have had an answer. */
async function openIdle(target, count) {
  for (let i = 0; i < count; i += 1) {
    const socket = await open(target, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.resume()
  }
}

async function openSlowReaders(target, count) {
  const body = chatBody({ stream: true, max_tokens: 1_000_000 })
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${target.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  for (let i = 0; i < count; i += 1) await open(target, head + body)
}

async function upload({ url, key }, count) {
  const statuses = await Promise.all(
    Array.from({ length: count }, async () => {
      const form = new FormData()
      form.append('purpose', 'user_data')
      form.append('file', new Blob([new Uint8Array(UPLOAD_MB * 1_000_000)]), 'a.bin')
      const answer = await fetch(`${url}/v1/files`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: form,
      })
      await answer.text()
      return answer.status
    }),
  )
  return `uploads ${tally(statuses)}`
}

async function pipelined(target, connections) {
  const body = chatBody()
  const one = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${target.key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const all = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = await open(target, one.repeat(PIPELINED))
      let text = ''
      socket.on('data', (part) => {
        text += part
      })
      socket.resume()
      for (let i = 0; i < 600 && (text.match(/HTTP\/1\.1 /g) ?? []).length < PIPELINED; i += 1)
        await sleep(100)
      return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)
    }),
  )
  return `pipelined ${tally(all.flat())}`
}

async function startRuns({ url, key }, count) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const steps = Array.from({ length: STEPS_PER_RUN }, (_, i) => ({
    id: `step_${i}`,
    use: 'chat',
    with: { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 64 },
  }))
  const body = JSON.stringify({ version: 1, steps })
  const statuses = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          httpRequest(
            `${url}/v1/pipelines/runs`,
            {
              agent,
              method: 'POST',
              headers: {
                authorization: `Bearer ${key}`,
                'content-type': 'application/json',
                'content-length': body.length,
              },
            },
            (incoming) => incoming.resume().on('end', () => resolve(incoming.statusCode)),
          )
            .on('error', reject)
            .end(body)
        }),
    ),
  )
  agent.destroy()
  return `runs ${tally(statuses)}`
}

/** `200 × 8, 503 × 2` */
function tally(statuses) {
  const counts = new Map()
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${status} × ${count}`).join(', ')
}

function watchPeak(pid) {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, rssMb(pid))
  }, 50)
  return {
    stop() {
      clearInterval(timer)
      return peak
    },
  }
}
