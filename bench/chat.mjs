/** Overhead of `POST /v1/chat/completions` against one fixed upstream, beside peers, in one run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { subnetsFile } from './behind.mjs'
import { here, NODE_FLAGS, start } from './processes.mjs'

const WARM_UP_S = 2
const CONCURRENCIES = [1, 16, 64]
const MESSAGES = [
  { role: 'system', content: 'You are a helpful assistant that answers briefly.' },
  { role: 'user', content: 'Tell me about the river and the fox, in a few sentences, please.' },
]
const body = (stream) => JSON.stringify({ model: 'bench-model', messages: MESSAGES, max_tokens: 512, stream })

export async function measureChat({ quick }) {
  const seconds = quick ? 1 : 3
  const rounds = quick ? 1 : 2
  const directory = mkdtempSync(join(tmpdir(), 'yumagate-bench-'))
  const upstream = await start('upstream', [join(here, 'upstream.mjs')], { core: 1 })
  const upstreamUrl = `http://127.0.0.1:${upstream.ready.port}`
  const systems = await startSystems(upstreamUrl, directory)
  const rows = []
  try {
    for (const stream of [false, true]) {
      for (const connections of CONCURRENCIES) {
        const best = new Map()
        for (let round = 0; round < rounds; round += 1) {
          for (const system of systems) {
            const measured = await measure(system, { stream, connections, seconds })
            best.set(system.name, better(best.get(system.name), measured))
            process.stderr.write(
              `${stream ? 'SSE ' : 'JSON'} c=${connections} ${system.name}: ${measured.rps.toFixed(0)}/s, ${measured.cpuUs.toFixed(0)} µs CPU\n`,
            )
          }
        }
        rows.push({ stream, connections, best })
      }
    }
    process.stdout.write(writeTable(rows, systems))
    if (!quick) keep(rows)
  } finally {
    for (const system of systems) await system.process.stop()
    await upstream.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function startSystems(upstreamUrl, directory) {
  const portkeyPort = 18_787
  const subnets = join(directory, 'subnets.json')
  writeFileSync(
    subnets,
    JSON.stringify(
      subnetsFile({
        ...{ name: 'bench', model: 'bench-model', upstreamUrl, concurrencyPerMiner: 1024 },
        ...{ inputRao: '300000', outputRao: '900000' },
      }),
    ),
  )
  const bare = await start('bare', [join(here, 'peers/bare.mjs'), upstreamUrl], { core: 0 })
  const hono = await start('hono-fetch', [join(here, 'peers/hono-fetch.mjs'), upstreamUrl], { core: 0 })
  const portkey = await start(
    'portkey',
    [
      join(here, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
      '--headless',
      `--port=${portkeyPort}`,
    ],
    {
      core: 0,
      env: { TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost', NODE_ENV: 'production' },
      probe: `http://127.0.0.1:${portkeyPort}/`,
    },
  )
  const yumagate = await start('yumagate', [...NODE_FLAGS, 'dist/main.mjs', 'start', '--json'], {
    core: 0,
    env: {
      PORT: '0',
      YUMAGATE_DATA_DIR: join(directory, 'data'),
      YUMAGATE_SUBNETS: subnets,
      LOG_LEVEL: 'error',
    },
  })
  return [
    {
      name: 'node:http + undici, bare',
      process: bare,
      url: `http://127.0.0.1:${bare.ready.port}`,
      headers: {},
    },
    { name: 'Hono + fetch, bare', process: hono, url: `http://127.0.0.1:${hono.ready.port}`, headers: {} },
    {
      name: 'Portkey 1.15.2',
      process: portkey,
      url: `http://127.0.0.1:${portkeyPort}`,
      headers: {
        authorization: 'Bearer sk-x',
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${upstreamUrl}/v1`,
      },
    },
    {
      name: 'Yumagate',
      process: yumagate,
      url: yumagate.ready.url,
      headers: { authorization: `Bearer ${yumagate.ready.key}` },
    },
  ]
}

async function measure(system, { stream, connections, seconds }) {
  const run = (duration) =>
    autocannon({
      url: `${system.url}/v1/chat/completions`,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...system.headers },
      body: body(stream),
      connections,
      duration,
      pipelining: 1,
    })
  await run(WARM_UP_S)
  const cpu = system.process.cpuMs()
  const result = await run(seconds)
  const usedMs = system.process.cpuMs() - cpu
  const answers = result['2xx']
  if (result.non2xx > 0 || result.errors > 0 || answers === 0) {
    throw new Error(
      `${system.name}: ${result.non2xx} answers other than 2xx, ${result.errors} errors, ${answers} good`,
    )
  }
  return {
    rps: answers / result.duration,
    cpuUs: (usedMs * 1000) / answers,
    p50: result.latency.p50,
    p99: result.latency.p99,
  }
}

const better = (best, measured) =>
  best
    ? {
        rps: Math.max(best.rps, measured.rps),
        cpuUs: Math.min(best.cpuUs, measured.cpuUs),
        p50: Math.min(best.p50, measured.p50),
        p99: Math.min(best.p99, measured.p99),
      }
    : measured

/** For the plot, and for comparing with another day. */
function keep(rows) {
  const plain = rows.map(({ stream, connections, best }) => ({
    stream,
    connections,
    systems: [...best].map(([name, measured]) => ({ name, ...measured })),
  }))
  mkdirSync(join(here, 'results'), { recursive: true })
  writeFileSync(
    join(here, 'results/chat.json'),
    `${JSON.stringify({ measuredAt: new Date().toISOString(), node: process.version, rows: plain }, null, 2)}\n`,
  )
}

function writeTable(rows, systems) {
  const lines = [
    '',
    '| | system | requests/s | CPU µs a request | p50 / p99 ms | throughput against Portkey |',
    '|---|---|---|---|---|---|',
  ]
  for (const { stream, connections, best } of rows) {
    const portkey = best.get('Portkey 1.15.2')
    for (const { name } of systems) {
      const it = best.get(name)
      lines.push(
        `| ${stream ? 'SSE' : 'JSON'} c=${connections} | ${name} | ${it.rps.toFixed(0)} | ${it.cpuUs.toFixed(0)} | ${it.p50} / ${it.p99} | ${(it.rps / portkey.rps).toFixed(2)} × |`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}
