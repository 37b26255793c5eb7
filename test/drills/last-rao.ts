/** Two gateways, and money or a key's budget for exactly so many worst cases: no request more is served than was paid for. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { command, freshDirectory, remove } from '../e2e/gateway.ts'
import { type Account, createAccount, openServersStage, type Stage, until } from './stage.ts'

export type LastRao = {
  readonly what: string
  readonly asked: number
  readonly paidFor: number
  readonly served: number
  /** How many were refused, by status. */
  readonly refused: string
  readonly availableRao: string
  readonly heldRao: string
  readonly spentRao: string
}

const ASKED = 200
const PAID_FOR = 50
const TOKENS = 16
/** Slower than the burst, so that all of it is in flight at once. */
const UPSTREAM_MS = 400
const RAO_PER_TOKEN = 1_000n
const WORST_CASE_RAO = BigInt(TOKENS) * RAO_PER_TOKEN

export async function drillLastRao(): Promise<readonly LastRao[]> {
  const upstream = await openUpstream()
  const folder = freshDirectory()
  const subnets = join(folder, 'subnets.json')
  writeFileSync(subnets, JSON.stringify(subnetsFile(upstream.url)))
  const stage = await openServersStage({ env: { YUMAGATE_SUBNETS: subnets } })
  try {
    const exact = await fundedAccount(stage, 'exact', WORST_CASE_RAO * BigInt(PAID_FOR))
    const rich = await fundedAccount(stage, 'rich', WORST_CASE_RAO * BigInt(ASKED * 4))
    const limited = await limitedKey(stage, rich, WORST_CASE_RAO * BigInt(PAID_FOR))
    return [
      await burst(stage, { ...exact, what: 'funds' }),
      await burst(stage, { ...rich, key: limited, what: 'budget of a key' }),
    ]
  } finally {
    upstream.close()
    await stage.remove()
    remove(folder)
  }
}

/** Answers every chat after a while with more tokens than were asked for: each costs its worst case. */
async function openUpstream() {
  const content =
    'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen'
  const server = createServer((request, response) => {
    request.resume()
    const message = { role: 'assistant', content }
    const answer = {
      ...{ id: 'x', object: 'chat.completion', created: 1, model: 'any' },
      choices: [{ index: 0, message, finish_reason: 'stop' }],
    }
    setTimeout(() => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answer))
    }, UPSTREAM_MS)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const subnetsFile = (url: string) => ({
  version: 1,
  experts: [
    {
      ...{ name: 'drill', dialect: 'openai', url, concurrencyPerMiner: 1024 },
      models: [{ id: 'drill-model', capabilities: ['chat'] }],
    },
  ],
  prices: {
    'drill-model': [
      // The worst case of the input is counted in bytes: free of charge, so that the worst case is the cost.
      { meter: 'input_token', rao: '0', per: '1' },
      { meter: 'output_token', rao: RAO_PER_TOKEN.toString(), per: '1' },
    ],
  },
  allowLoopbackMiners: true,
})

async function fundedAccount(stage: Stage, name: string, amountRao: bigint): Promise<Account> {
  const account = await createAccount(name, stage.processes()[0]?.directory ?? '')
  await stage.pay(account.depositAddress, amountRao)
  await until(
    'the deposit is credited',
    async () => (await readBalance(stage, account.key)).available_rao !== '0',
  )
  return account
}

async function limitedKey(stage: Stage, account: Account, budgetRao: bigint): Promise<string> {
  const tao = `${budgetRao / 1_000_000_000n}.${(budgetRao % 1_000_000_000n).toString().padStart(9, '0')}`
  const { code, stdout, stderr } = await command(['key', 'create', account.id, '--budget', tao, '--json'], {
    YUMAGATE_DATA_DIR: stage.processes()[0]?.directory ?? '',
  })
  if (code !== 0) throw new Error(`key create: ${stderr}`)
  const made: unknown = JSON.parse(stdout)
  if (typeof made === 'object' && made !== null && 'key' in made && typeof made.key === 'string')
    return made.key
  throw new Error(`no key in ${stdout}`)
}

type Balance = { readonly available_rao: string; readonly held_rao: string; readonly spent_rao: string }

async function readBalance(stage: Stage, key: string): Promise<Balance> {
  const answer = await fetch(`${stage.urls()[0]}/v1/account`, { headers: { authorization: `Bearer ${key}` } })
  return (await answer.json()) as Balance
}

async function burst(
  stage: Stage,
  { key, what }: { readonly key: string; readonly what: string },
): Promise<LastRao> {
  const urls = stage.urls()
  const body = JSON.stringify({
    model: 'drill-model',
    messages: [{ role: 'user', content: 'go' }],
    max_tokens: TOKENS,
  })
  const statuses = await Promise.all(
    Array.from({ length: ASKED }, async (_, index) => {
      const answer = await fetch(`${urls[index % urls.length]}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body,
      })
      await answer.arrayBuffer()
      return answer.status
    }),
  )
  const counts = new Map<number, number>()
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1)
  await until('nothing is held', async () => (await readBalance(stage, key)).held_rao === '0').catch(() => {
    // The table shows what is.
  })
  const balance = await readBalance(stage, key)
  const refused = [...counts].filter(([status]) => status !== 200)
  return {
    ...{ what, asked: ASKED, paidFor: PAID_FOR, served: counts.get(200) ?? 0 },
    refused: refused.map(([status, times]) => `${status}: ${times}`).join(', '),
    availableRao: balance.available_rao,
    heldRao: balance.held_rao,
    spentRao: balance.spent_rao,
  }
}
