/** kill -9 at random moments: nothing that was acknowledged is lost, nothing is charged twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command, freshDirectory, launch, type RunningGateway, remove } from './gateway.ts'

const KILLS = 20

/** Moments of the kills, from a printed seed, so that a failure can be looked at again. */
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
let state = seed
const random = () => {
  state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
  return state / 4_294_967_296
}

let directory = ''

beforeAll(() => {
  directory = freshDirectory()
  process.stdout.write(`kill.test seed ${seed}\n`)
})
afterAll(() => remove(directory))

type Acknowledged = { readonly receiptId: string; readonly costRao: bigint }

const headersOf = (gateway: RunningGateway) => ({
  authorization: `Bearer ${gateway.key}`,
  'content-type': 'application/json',
})

/** Asks again and again until the gateway dies; keeps what was answered whole. */
async function load(gateway: RunningGateway, acknowledged: Acknowledged[]): Promise<void> {
  for (;;) {
    try {
      const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: headersOf(gateway),
        body: JSON.stringify({
          model: 'yuma-text',
          messages: [{ role: 'user', content: 'What is 6 times 7?' }],
          max_tokens: 32,
        }),
      })
      const body = (await answer.json()) as { usage?: { receipt_id: string; cost_rao: string } }
      if (answer.status === 200 && body.usage)
        acknowledged.push({ receiptId: body.usage.receipt_id, costRao: BigInt(body.usage.cost_rao) })
    } catch {
      return
    }
  }
}

async function startRun(gateway: RunningGateway, runs: string[]): Promise<void> {
  try {
    const answer = await fetch(`${gateway.url}/v1/pipelines/runs`, {
      method: 'POST',
      headers: headersOf(gateway),
      body: JSON.stringify(definition),
    })
    const body = (await answer.json()) as { id?: string }
    if (answer.status === 202 && body.id) runs.push(body.id)
  } catch {
    // Killed before it answered: then nothing was promised.
  }
}

/** Three steps, each charged. */
const definition = {
  version: 1,
  steps: [
    {
      id: 'one',
      use: 'chat',
      with: { messages: [{ role: 'user', content: 'What is 2 plus 2?' }], max_tokens: 32 },
    },
    {
      id: 'two',
      use: 'chat',
      with: {
        messages: [
          { role: 'user', content: { $text: ['Count the words in: ', { $from: '/steps/one/text' }] } },
        ],
        max_tokens: 32,
      },
    },
    {
      id: 'three',
      use: 'chat',
      with: {
        messages: [{ role: 'user', content: { $text: ['Upper case: ', { $from: '/steps/two/text' }] } }],
        max_tokens: 32,
      },
    },
  ],
}

describe(`kill -9 at ${KILLS} random moments under load`, () => {
  it('every acknowledged answer keeps its receipt, every accepted run ends with each step charged once, the books balance', async () => {
    const acknowledged: Acknowledged[] = []
    const runs: string[] = []
    for (let kill = 0; kill < KILLS; kill += 1) {
      const gateway = await launch({ directory })
      const work = [
        ...Array.from({ length: 4 }, () => load(gateway, acknowledged)),
        ...Array.from({ length: 3 }, () => startRun(gateway, runs)),
      ]
      await new Promise((done) => setTimeout(done, 20 + random() * 900))
      await gateway.kill()
      await Promise.all(work)
    }
    const gateway = await launch({ directory })
    try {
      for (const { receiptId, costRao } of acknowledged) {
        const answer = await fetch(`${gateway.url}/v1/receipts/${receiptId}`, { headers: headersOf(gateway) })
        expect(answer.status, receiptId).toBe(200)
        expect(BigInt(((await answer.json()) as { captured_rao: string }).captured_rao)).toBe(costRao)
      }
      for (const id of runs) await expectWhole(gateway, id)
      // A run that was accepted when its answer was lost is worked on as well.
      let heldRao = ''
      for (let i = 0; i < 600 && heldRao !== '0'; i += 1) {
        if (i > 0) await new Promise((done) => setTimeout(done, 100))
        const answer = await fetch(`${gateway.url}/v1/account`, { headers: headersOf(gateway) })
        heldRao = ((await answer.json()) as { held_rao: string }).held_rao
      }
      expect(heldRao).toBe('0')
    } finally {
      expect(await gateway.stop()).toBe(0)
    }
    const { stdout, code } = await command(['ledger', 'verify'], { YUMAGATE_DATA_DIR: directory })
    expect(stdout).toContain('The books balance.')
    expect(code).toBe(0)
    process.stdout.write(
      `kill.test: ${acknowledged.length} answers acknowledged, ${runs.length} runs accepted, ${KILLS} kills\n`,
    )
    expect(acknowledged.length).toBeGreaterThan(0)
    expect(runs.length).toBeGreaterThan(0)
  }, 600_000)
})

/** Waits for the end of a run; its cost is that of its three receipts, each of another step. */
async function expectWhole(gateway: RunningGateway, id: string): Promise<void> {
  type Step = { id: string; status: string; receipt_id: string | null; cost_rao: string }
  type Seen = {
    status: string
    steps: Step[]
    cost: { captured_rao: string; held_rao: string; released_rao: string }
    error: unknown
  }
  let run: Seen | null = null
  for (let i = 0; i < 600; i += 1) {
    run = (await (
      await fetch(`${gateway.url}/v1/pipelines/runs/${id}`, { headers: headersOf(gateway) })
    ).json()) as Seen
    if (!['queued', 'running'].includes(run.status)) break
    await new Promise((done) => setTimeout(done, 100))
  }
  expect(run?.status, JSON.stringify(run)).toBe('succeeded')
  const receipts = new Set(run?.steps.map((step) => step.receipt_id))
  expect(receipts.size).toBe(3)
  const sum = run?.steps.reduce((total, step) => total + BigInt(step.cost_rao), 0n)
  expect(sum).toBe(BigInt(run?.cost.captured_rao ?? '-1'))
  expect(BigInt(run?.cost.held_rao ?? '0')).toBe((sum ?? 0n) + BigInt(run?.cost.released_rao ?? '0'))
}
