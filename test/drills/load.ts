/** Mixed load of one account: chats whole and streamed, pipeline runs, deposits; and a note of all that was acknowledged. */
import type { Random } from './random.ts'

export type Acknowledged = {
  /** Chats whose last byte arrived, by receipt id. */
  readonly receipts: Map<string, bigint>
  /** Runs that were accepted. */
  readonly runs: Set<string>
  /** Transfers that were final on the chain, by their amount: each has another. */
  readonly deposits: Set<bigint>
  /** Transfers that were sent, whatever became of them. */
  readonly sent: Set<bigint>
  /** Answers other than 2xx, by status; 0 for a connection that was refused or lost. */
  readonly refusals: Map<number, number>
  /** Streams that ended with an error in band. */
  brokenStreams: number
  /** Milliseconds that each answer of a chat took, and when it came. */
  readonly latencies: { readonly atMs: number; readonly tookMs: number }[]
}

export type LoadOptions = {
  /** Base URLs to choose from; asked anew for each request, since processes come and go. */
  readonly urls: () => readonly string[]
  readonly key: string
  readonly random: Random
  readonly chats: number
  readonly streams: number
  readonly runs: number
  /** Sends the amount to the account's address and resolves when it is final; null for none. */
  readonly pay: ((amountRao: bigint) => Promise<void>) | null
  /** Between two requests of one caller. */
  readonly pauseMs: number
}

export type Load = {
  readonly acknowledged: Acknowledged
  /** Sends nothing more and waits for what is under way. */
  stop(): Promise<void>
}

const REQUEST_MS_MAX = 60_000
const PROMPTS = [
  'What is 6 times 7?',
  'Summarise: The fox ran over the river. The river was cold. The fox was fast and the river was wide.',
  'Keywords of: miners answer requests and are paid in TAO for what they deliver.',
]

export function startLoad(options: LoadOptions): Load {
  const acknowledged: Acknowledged = {
    ...{ receipts: new Map(), runs: new Set(), deposits: new Set(), sent: new Set() },
    ...{ refusals: new Map(), brokenStreams: 0, latencies: [] },
  }
  let isStopped = false
  const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))
  const refuse = (status: number) =>
    acknowledged.refusals.set(status, (acknowledged.refusals.get(status) ?? 0) + 1)
  const repeat = async (work: () => Promise<void>, pauseMs: number) => {
    while (!isStopped) {
      try {
        await work()
      } catch {
        // Refused or cut off: nothing was promised then.
        refuse(0)
        await pause(50)
      }
      if (pauseMs > 0) await pause(pauseMs)
    }
  }
  const post = (path: string, body: object) =>
    fetch(`${options.random.pick(options.urls())}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${options.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    })
  const messages = () => [{ role: 'user', content: options.random.pick(PROMPTS) }]

  const chat = async () => {
    const startMs = performance.now()
    const answer = await post('/v1/chat/completions', {
      model: 'yuma-text',
      messages: messages(),
      max_tokens: 32,
    })
    const text = await answer.text()
    if (answer.status !== 200) return void refuse(answer.status)
    noteUsage(acknowledged, JSON.parse(text))
    acknowledged.latencies.push({ atMs: performance.now(), tookMs: performance.now() - startMs })
  }
  const stream = async () => {
    const body = { model: 'yuma-text', messages: messages(), max_tokens: 32, stream: true }
    const answer = await post('/v1/chat/completions', { ...body, stream_options: { include_usage: true } })
    const text = await answer.text()
    if (answer.status !== 200) return void refuse(answer.status)
    if (!text.endsWith('data: [DONE]\n\n')) {
      acknowledged.brokenStreams += 1
      return
    }
    for (const [, json] of text.matchAll(/^data: (\{.*\})$/gm))
      noteUsage(acknowledged, JSON.parse(json ?? ''))
  }
  const run = async () => {
    const answer = await post('/v1/pipelines/runs', { version: 1, timeout_s: 3_600, steps: steps() })
    const body: unknown = await answer.json()
    if (answer.status !== 202) return void refuse(answer.status)
    if (typeof body === 'object' && body !== null && 'id' in body) acknowledged.runs.add(String(body.id))
  }
  const deposit = async () => {
    // Each another amount, so that one that was credited twice, or never, has a name.
    const amountRao = 1_000_000n + BigInt(acknowledged.sent.size)
    acknowledged.sent.add(amountRao)
    await options.pay?.(amountRao)
    acknowledged.deposits.add(amountRao)
  }

  const { chats, streams, runs, pauseMs } = options
  const work = [
    ...Array.from({ length: chats }, () => repeat(chat, pauseMs)),
    ...Array.from({ length: streams }, () => repeat(stream, pauseMs)),
    ...Array.from({ length: runs }, () => repeat(run, Math.max(pauseMs, 400))),
    ...(options.pay ? [repeat(deposit, Math.max(pauseMs, 200))] : []),
  ]
  return {
    acknowledged,
    async stop() {
      isStopped = true
      await Promise.all(work)
    },
  }
}

/** Keeps the receipt that an answer or the last part of a stream names. */
function noteUsage(acknowledged: Acknowledged, part: unknown): void {
  if (typeof part !== 'object' || part === null || !('usage' in part)) return
  const { usage } = part
  if (typeof usage !== 'object' || usage === null) return
  if (!('receipt_id' in usage) || !('cost_rao' in usage)) return
  acknowledged.receipts.set(String(usage.receipt_id), BigInt(String(usage.cost_rao)))
}

/** Two steps at once and one that reads both. */
function steps(): readonly object[] {
  const say = (id: string, content: unknown) => ({
    id,
    use: 'chat',
    with: { messages: [{ role: 'user', content }], max_tokens: 32 },
  })
  return [
    say('one', 'What is 2 plus 2?'),
    say('two', 'What is 3 times 3?'),
    say('both', {
      $text: ['Count the words in: ', { $from: '/steps/one/text' }, ' ', { $from: '/steps/two/text' }],
    }),
  ]
}
