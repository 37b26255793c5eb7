/** kill -9 at random moments under mixed load, again and again; then the books are looked at. */
import { checkBooks, type Findings } from './books.ts'
import { type Load, startLoad } from './load.ts'
import type { Random } from './random.ts'
import { FUNDS_RAO, type Stage, until } from './stage.ts'

export type KillsOptions = {
  readonly kills: number
  readonly random: Random
  readonly progress: (line: string) => void
}

export type KillsReport = Findings & {
  readonly stage: string
  readonly kills: number
  readonly answers: number
  readonly runs: number
  readonly deposits: number
  readonly refusals: string
}

/** Longest time between two kills. */
const BETWEEN_MS_MAX = 1_200
const FLOWING = 0.75

export async function drillKills(stage: Stage, options: KillsOptions): Promise<KillsReport> {
  const { kills, random, progress } = options
  const load = startLoad({
    urls: stage.urls,
    key: stage.account.key,
    random,
    ...{ chats: 4, streams: 3, runs: 1, pauseMs: 0 },
    pay: (amountRao) => stage.pay(stage.account.depositAddress, amountRao),
  })
  for (let kill = 1; kill <= kills; kill += 1) {
    const answers = load.acknowledged.receipts.size
    // Mostly while answers flow; now and then before the first, while it begins.
    if (random.next() < FLOWING) {
      await until('an answer', async () => load.acknowledged.receipts.size > answers, 10_000).catch(() => {
        // Slow to begin: killed in that.
      })
    }
    await new Promise((done) => setTimeout(done, 20 + random.next() * BETWEEN_MS_MAX))
    const victim = random.pick(stage.victims)
    await stage.kill(victim)
    if (kill % 10 === 0)
      progress(`${stage.name}: ${kill} of ${kills} kills, ${load.acknowledged.receipts.size} answers`)
  }
  return concludeUnderLoad(stage, load, kills)
}

/** Ends the load, lets everything end that was promised, stops the processes and proves the books. */
export async function concludeUnderLoad(stage: Stage, load: Load, kills: number): Promise<KillsReport> {
  await load.stop()
  const { acknowledged } = load
  const failedRuns: string[] = []
  for (const id of acknowledged.runs) {
    const status = await endOf(stage, id)
    if (status !== 'succeeded') failedRuns.push(`${id} ${status}`)
  }
  let unreadable = 0
  for (const id of acknowledged.receipts.keys())
    if (!(await isReadable(stage, `/v1/receipts/${id}`))) unreadable += 1
  // Final on the chain, but the watcher may still be on its way there.
  const owedRao = FUNDS_RAO + [...acknowledged.deposits].reduce((sum, amountRao) => sum + amountRao, 0n)
  await until('the deposits are credited', async () => (await readTotalRao(stage)) >= owedRao).catch(() => {
    // Told by the books below.
  })
  await until('no hold is left', async () => (await readAccount(stage)).held_rao === '0', 90_000).catch(
    () => {
      // Told by the books below.
    },
  )
  const codes = await stage.stop()
  const store = await stage.openStore()
  try {
    const findings = await checkBooks(store, stage.account.id, { acknowledged, failedRuns })
    const wrongEnds = codes.filter((code) => code !== 0)
    const problems = [
      ...findings.problems,
      ...(unreadable > 0 ? [`${unreadable} receipts cannot be fetched`] : []),
      ...(wrongEnds.length > 0 ? [`exit codes ${codes.join(', ')}`] : []),
    ]
    return {
      ...findings,
      ...{ problems, kills, stage: stage.name },
      withoutReceipt: findings.withoutReceipt + unreadable,
      answers: acknowledged.receipts.size,
      runs: acknowledged.runs.size,
      deposits: acknowledged.deposits.size,
      refusals: [...acknowledged.refusals]
        .map(([status, times]) => `${status || 'cut'}: ${times}`)
        .join(', '),
    }
  } finally {
    await store.lifecycle.close()
  }
}

async function ask(stage: Stage, path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${stage.account.key}` }
  return await fetch(`${stage.urls()[0]}${path}`, { headers, signal: AbortSignal.timeout(10_000) })
}

const isReadable = async (stage: Stage, path: string) => {
  const answer = await ask(stage, path)
  await answer.arrayBuffer()
  return answer.status === 200
}

/** All that was ever credited. */
async function readTotalRao(stage: Stage): Promise<bigint> {
  const account: Readonly<Record<string, unknown>> = { ...(await readAccount(stage)) }
  return ['available_rao', 'held_rao', 'spent_rao'].reduce(
    (sum, name) => sum + BigInt(String(account[name])),
    0n,
  )
}

async function readAccount(stage: Stage): Promise<{ held_rao?: unknown }> {
  const body: unknown = await (await ask(stage, '/v1/account')).json()
  return typeof body === 'object' && body !== null ? body : {}
}

/** Waits for the end of a run. @returns its last status */
async function endOf(stage: Stage, id: string): Promise<string> {
  let status = 'unknown'
  await until(
    `run ${id} ends`,
    async () => {
      const body: unknown = await (await ask(stage, `/v1/pipelines/runs/${id}`)).json()
      status = typeof body === 'object' && body !== null && 'status' in body ? String(body.status) : 'lost'
      return !['queued', 'running'].includes(status)
    },
    120_000,
  ).catch(() => {
    // The status says that it has not ended.
  })
  return status
}
