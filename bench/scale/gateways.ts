/**
 * One and two gateways on one Postgres and Redis in front of a fixed upstream, and the p99 of chat on one embedded gateway while runs are
 * worked on. Load and upstream share the cores with what they measure: read the ratios.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openEmbeddedStage, openServersStage, type Stage } from '../../test/drills/stage.ts'
import { writeTable } from '../../test/drills/tables.ts'
import { fire, type Result } from './cannon.mjs'

const MODEL = 'bench-model'
const CONNECTIONS = 64
const QUIET_CONNECTIONS = 4
const RUNS = 50

type Upstream = { readonly url: string; close(): void }

async function openUpstream(): Promise<Upstream> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, '../upstream.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((done) => {
    if (child.stdout)
      createInterface({ input: child.stdout }).once('line', (line) => done(JSON.parse(line).port))
  })
  return { url: `http://127.0.0.1:${port}/v1`, close: () => void child.kill('SIGTERM') }
}

/** Opens upstream and stage, and closes both. */
async function onStage<Found>(
  open: (env: Readonly<Record<string, string>>) => Promise<Stage>,
  work: (stage: Stage) => Promise<Found>,
): Promise<Found> {
  const upstream = await openUpstream()
  const folder = mkdtempSync(join(tmpdir(), 'yumagate-bench-'))
  const subnets = join(folder, 'subnets.json')
  writeFileSync(subnets, JSON.stringify(subnetsFile(upstream.url)))
  const stage = await open({ YUMAGATE_SUBNETS: subnets, LOG_LEVEL: 'error' })
  try {
    return await work(stage)
  } finally {
    await stage.remove()
    upstream.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const subnetsFile = (url: string) => ({
  version: 1,
  experts: [
    {
      ...{ name: 'bench', dialect: 'openai', url, concurrencyPerMiner: 1024 },
      models: [{ id: MODEL, capabilities: ['chat'] }],
    },
  ],
  prices: {
    [MODEL]: [
      { meter: 'input_token', rao: '300000', per: '1000000' },
      { meter: 'output_token', rao: '900000', per: '1000000' },
    ],
  },
  allowLoopbackMiners: true,
})

const MESSAGES = [
  { role: 'user', content: 'Tell me about the river and the fox, in a few sentences, please.' },
]

function cannon(
  url: string,
  key: string,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<Result> {
  return fire({
    url: `${url}/v1/chat/completions`,
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, messages: MESSAGES, max_tokens: 128 }),
    ...{ connections, duration: seconds },
  })
}

type Row = {
  readonly gateways: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
}

/** Throughput of one gateway, and of two, with the same number of connections in all. */
export function measureGateways({ seconds }: { readonly seconds: number }): Promise<string> {
  return onStage(
    (env) => openServersStage({ env, gateways: 2 }),
    async (stage) => {
      const rows: Row[] = []
      for (const gateways of [1, 2]) {
        const urls = stage.urls().slice(0, gateways)
        const load = { connections: CONNECTIONS / gateways, seconds }
        const fireAll = () => Promise.all(urls.map((url) => cannon(url, stage.account.key, load)))
        await fireAll()
        const results = await fireAll()
        rows.push({
          gateways,
          perSecond: results.reduce((sum, result) => sum + result['2xx'] / result.duration, 0),
          p50: Math.max(...results.map(({ latency }) => latency.p50)),
          p99: Math.max(...results.map(({ latency }) => latency.p99)),
          failed: results.reduce((sum, { non2xx, errors }) => sum + non2xx + errors, 0),
        })
      }
      return writeTable<Row>(
        [
          ['gateways', ({ gateways }) => gateways],
          ['requests/s', ({ perSecond }) => perSecond.toFixed(0)],
          ['p50 / p99 ms', ({ p50, p99 }) => `${p50} / ${p99}`],
          ['not answered', ({ failed }) => failed],
          ['throughput', ({ perSecond }) => `${(perSecond / (rows[0]?.perSecond ?? 1)).toFixed(2)} ×`],
        ],
        rows,
      )
    },
  )
}

/** Chat on an embedded gateway, idle and while runs are under way. */
export function measureBesideRuns({ seconds }: { readonly seconds: number }): Promise<string> {
  return onStage(
    (env) => openEmbeddedStage({ env }),
    async (stage) => {
      const url = stage.urls()[0] ?? ''
      const load = { connections: QUIET_CONNECTIONS, seconds }
      await cannon(url, stage.account.key, load)
      const idle = await cannon(url, stage.account.key, load)
      const running = keepRunning(stage, url)
      const busy = await cannon(url, stage.account.key, load)
      const ended = await running.stop()
      const rows = [
        { what: 'chat alone', result: idle },
        { what: `chat beside ${RUNS} runs (${ended} ended meanwhile)`, result: busy },
      ]
      return writeTable(
        [
          ['', ({ what }) => what],
          ['requests/s', ({ result }) => (result['2xx'] / result.duration).toFixed(0)],
          ['p50 / p99 ms', ({ result }) => `${result.latency.p50} / ${result.latency.p99}`],
          ['p99 against alone', ({ result }) => `${(result.latency.p99 / idle.latency.p99).toFixed(1)} ×`],
        ],
        rows,
      )
    },
  )
}

/** Keeps so many runs of three steps under way. */
function keepRunning({ account }: Stage, url: string) {
  let isStopped = false
  let ended = 0
  const headers = {
    authorization: `Bearer ${account.key}`,
    'content-type': 'application/json',
    prefer: 'wait=60',
  }
  const step = (id: string, content: unknown) => ({
    ...{ id, use: 'chat', model: MODEL },
    with: { messages: [{ role: 'user', content }], max_tokens: 64 },
  })
  const steps = [
    step('one', 'Say something.'),
    step('two', { $text: ['Say more: ', { $from: '/steps/one/text' }] }),
    step('three', { $text: ['And more: ', { $from: '/steps/two/text' }] }),
  ]
  const work = Promise.all(
    Array.from({ length: RUNS }, async () => {
      while (!isStopped) {
        const answer = await fetch(`${url}/v1/pipelines/runs`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ version: 1, steps }),
        })
        const text = await answer.text()
        if (answer.status >= 300) throw new Error(`run: ${answer.status} ${text.slice(0, 300)}`)
        ended += 1
      }
    }),
  )
  return {
    async stop() {
      const count = ended
      isStopped = true
      await work
      return count
    },
  }
}
