/** Servers that restart, lose everything or cannot be reached, under load: how long callers wait, and what was lost. */
import type { CutProxy } from '../adapters/cut-proxy.ts'
import { concludeUnderLoad, type KillsReport } from './kills.ts'
import { type Acknowledged, startLoad } from './load.ts'
import type { Random } from './random.ts'
import { type Servers, type Stage, until } from './stage.ts'

export type Outage = {
  readonly name: string
  /** Seconds from the end of the fault until every gateway is ready and a chat is answered. */
  readonly backAfterS: number
  /** Answers while it lasted. */
  readonly answers: number
  /** Refusals while it lasted, by status; `cut` for lost connections. */
  readonly refusals: string
}

type Fault = { readonly name: string; readonly break: (servers: Servers) => Promise<void> }

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms))

const faults = (awayMs: number): readonly Fault[] => {
  const away = (
    what: string,
    proxyOf: (servers: Servers) => CutProxy,
    mode: 'refused' | 'silent',
  ): Fault => ({
    name: `network to ${what} ${mode} for ${awayMs / 1000} s`,
    async break(servers) {
      const proxy = proxyOf(servers)
      proxy.set(mode)
      if (mode === 'refused') proxy.cut()
      await wait(awayMs)
      proxy.set('open')
      // What went silent half-way through stays half-way through.
      if (mode === 'silent') proxy.cut()
    },
  })
  return [
    { name: 'Postgres restarted', break: ({ postgres }) => postgres.restart(2_000) },
    { name: 'Redis restarted, empty', break: ({ redis }) => redis.restart() },
    { name: 'Redis flushed', break: async ({ redis }) => void redis.command('FLUSHALL') },
    away('Postgres', ({ toPostgres }) => toPostgres, 'refused'),
    away('Postgres', ({ toPostgres }) => toPostgres, 'silent'),
    away('Redis', ({ toRedis }) => toRedis, 'refused'),
    away('Redis', ({ toRedis }) => toRedis, 'silent'),
  ]
}

export type OutagesOptions = {
  readonly random: Random
  readonly awayMs: number
  readonly progress: (line: string) => void
}

export async function drillOutages(
  stage: Stage,
  { random, awayMs, progress }: OutagesOptions,
): Promise<{ readonly outages: readonly Outage[]; readonly report: KillsReport }> {
  const { servers } = stage
  if (!servers) throw new Error('outages want a stage with servers')
  const load = startLoad({
    urls: stage.urls,
    key: stage.account.key,
    random,
    ...{ chats: 3, streams: 3, runs: 1, pauseMs: 20 },
    pay: (amountRao) => stage.pay(stage.account.depositAddress, amountRao),
  })
  const outages: Outage[] = []
  for (const fault of faults(awayMs)) {
    await wait(1_000)
    const before = snapshot(load.acknowledged)
    await fault.break(servers)
    const endMs = performance.now()
    await until(`service after: ${fault.name}`, () => isServing(stage), 120_000)
    const backAfterS = (performance.now() - endMs) / 1000
    const answers = load.acknowledged.receipts.size - before.answers
    outages.push({ name: fault.name, backAfterS, answers, refusals: refusedSince(before, load.acknowledged) })
    progress(`${fault.name}: back after ${backAfterS.toFixed(1)} s, ${answers} answers meanwhile`)
  }
  return { outages, report: await concludeUnderLoad(stage, load, 0) }
}

const snapshot = ({ receipts, refusals, brokenStreams }: Acknowledged) => ({
  answers: receipts.size,
  refusals: new Map(refusals),
  brokenStreams,
})

function refusedSince(before: ReturnType<typeof snapshot>, now: Acknowledged): string {
  const parts = [...now.refusals].flatMap(([status, times]) => {
    const more = times - (before.refusals.get(status) ?? 0)
    return more > 0 ? [`${status || 'cut'}: ${more}`] : []
  })
  const broken = now.brokenStreams - before.brokenStreams
  return [...parts, ...(broken > 0 ? [`streams ended by an error: ${broken}`] : [])].join(', ') || 'none'
}

/** Every gateway says that it is ready, and answers. */
async function isServing({ urls, account }: Stage): Promise<boolean> {
  for (const url of urls()) {
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })
    await ready.arrayBuffer()
    if (ready.status !== 200) return false
    const chat = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'yuma-text',
        messages: [{ role: 'user', content: 'What is 1 plus 1?' }],
      }),
      signal: AbortSignal.timeout(10_000),
    })
    await chat.arrayBuffer()
    if (chat.status !== 200) return false
  }
  return true
}
