/** Everything a pipeline runs on, in memory and with a clock that the test turns: one store, scripted miners, real performer and checks. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createTypedPlanner } from '../../../routers/planner/typed.ts'
import { createMeter } from '../../../src/billing/meter.ts'
import { type PriceCatalogue, parsePrices } from '../../../src/billing/prices.ts'
import type { Timing } from '../../../src/billing/timing.ts'
import { GatewayError } from '../../../src/errors.ts'
import { createContract } from '../../../src/http/contract.ts'
import { FileShelf } from '../../../src/http/file-shelf.ts'
import type { ExpertDirectory, ServedModel } from '../../../src/inference/experts.ts'
import type { Caller } from '../../../src/inference/pay.ts'
import { Performer } from '../../../src/inference/perform.ts'
import { createPipelines, type Pipelines, type PipelinesOptions } from '../../../src/pipeline/pipelines.ts'
import type { Capability } from '../../../src/ports/capability.ts'
import type { Media } from '../../../src/ports/media.ts'
import { type Answer, type Dialect, MinerFailure, type Work } from '../../../src/ports/miner.ts'
import type { StepQueue } from '../../../src/ports/queue.ts'
import type { Run } from '../../../src/ports/runs.ts'
import type { Store } from '../../../src/ports/store.ts'
import { fakeBlobs } from '../../fakes/blobs.ts'
import { fakeStepQueue } from '../../fakes/queue.ts'
import { type FakeStore, fakeStore } from '../../fakes/store.ts'
import { keptLog, manualTiming, settlePromises } from '../billing/manual-timing.ts'

export const contract = createContract(readFileSync('openapi.yaml', 'utf8'))

export const CALLER: Caller = {
  accountId: 'acc_1',
  keyId: 'key_1',
  depositAddress: '5Deposit',
  requestId: 'req_1',
  costMaxRao: null,
  rules: null,
  rate: null,
}
export const OTHER: Caller = { ...CALLER, accountId: 'acc_2', keyId: 'key_2', depositAddress: '5Other' }

export const PRICES = parsePrices({
  text: [
    { meter: 'input_token', rao: '1', per: '1' },
    { meter: 'output_token', rao: '2', per: '1' },
  ],
  speech: [{ meter: 'audio_ms', rao: '1', per: '10' }],
  vision: [
    { meter: 'input_token', rao: '1', per: '1' },
    { meter: 'output_token', rao: '3', per: '1' },
  ],
  image: [{ meter: 'image', rao: '500', per: '1' }],
})

/** What a miner does: answers, or throws. Told which attempt it is, over all. */
export type Script = (work: Work, attempt: number, signal: AbortSignal) => Answer | Promise<Answer>

const CAPABILITY: Readonly<Record<string, Capability>> = {
  text: 'chat',
  speech: 'audio.transcribe',
  vision: 'image.recognize',
  image: 'image.generate',
}

const model = (id: string, listedId: string): ServedModel => ({
  id,
  listedId,
  upstreamModel: id,
  capabilities: [CAPABILITY[listedId] ?? 'chat'],
  contextTokensMax: 32_768,
  outputTokensMax: 256,
  expert: {
    name: `${listedId}-expert`,
    netuid: 7,
    mechid: 0,
    dialect: 'openai',
    concurrencyPerMiner: 8,
    queueDepth: 64,
    timeoutMs: 60_000,
    firstByteTimeoutMs: 60_000,
  },
})

/** `text`, `speech`, `vision` and `image`, each with two miners. */
export const directory: ExpertDirectory = {
  find: (id) => (id in CAPABILITY ? [model(id, id)] : []),
  listFor: (capability) =>
    Object.entries(CAPABILITY).flatMap(([id, can]) => (can === capability ? [model(id, id)] : [])),
  readMiners: (name) => ({
    block: 99,
    miners: [1, 2].map((uid) => ({
      target: {
        netuid: 7,
        mechid: 0,
        uid,
        hotkey: `5${name}${uid}`,
        baseUrl: 'http://127.0.0.1:1',
        bearer: null,
      },
      coldkey: `5cold${uid}`,
      network: null,
      incentive: 1000 * uid,
    })),
  }),
  explain: () => null,
}

/** `audio:2.5` is two and a half seconds of sound; `png:64x32` a picture of that size. */
export const media: Media = {
  async decodeAudio(bytes) {
    const seconds = /^audio:([\d.]+)$/.exec(Buffer.from(bytes).toString())?.[1]
    if (!seconds) throw new GatewayError('invalid_audio', 'This is not a recording.')
    return { wav: bytes, durationSeconds: Number(seconds), container: 'wav' }
  },
  async inspectImage(bytes) {
    const [, width, height] = /^png:(\d+)x(\d+)$/.exec(Buffer.from(bytes).toString()) ?? []
    if (!width || !height) throw new GatewayError('invalid_image', 'This is not a picture.')
    return { mime: 'image/png', width: Number(width), height: Number(height) }
  },
  async close() {},
}

export const chatAnswer = (content: string): Answer => ({
  kind: 'chat',
  json: JSON.stringify({
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  }),
})

/** A good miner of every kind: says what it was asked, in its own way. */
export const goodMiner: Script = (work) => {
  switch (work.kind) {
    case 'chat': {
      const body = JSON.parse(work.body) as { messages: { content: unknown }[]; response_format?: object }
      const content = body.messages.at(-1)?.content
      if (typeof content === 'string') return chatAnswer(`a picture of: ${content}`)
      return chatAnswer(
        JSON.stringify({ text: 'SIGN', description: 'a fox', labels: [{ name: 'fox', score: 0.9 }] }),
      )
    }
    case 'transcription':
      return {
        kind: 'transcription',
        text: 'a red fox',
        language: 'english',
        words: [{ word: 'fox', startSeconds: 0.5, endSeconds: 1, confidence: 0.9 }],
        segments: [{ text: 'a red fox', startSeconds: 0, endSeconds: 1, confidence: null }],
      }
    case 'image':
      return {
        kind: 'image',
        images: Array.from({ length: work.count }, () => ({
          bytes: Buffer.from(`png:${work.width}x${work.height}`),
          mime: 'image/png',
        })),
        revisedPrompt: work.prompt,
      }
  }
}

export const broken = (reason: 'garbage' | 'busy' | 'server-error' = 'server-error') =>
  new GatewayError('expert_bad_response', 'The miner failed.', {
    cause: new MinerFailure(reason, 'scripted'),
  })

export type Workshop = Awaited<ReturnType<typeof openWorkshop>>

export type WorkshopOptions = {
  readonly script?: Script
  readonly store?: Store
  /** The real clock, for a store that has one of its own. */
  readonly clock?: Timing
  readonly prices?: PriceCatalogue
  readonly fundsRao?: bigint
}

export async function openWorkshop(options: WorkshopOptions = {}) {
  const timing = manualTiming()
  const clock: Timing = options.clock ?? timing
  const store: Store = options.store ?? fakeStore({ now: clock.wallMs })
  if (!options.store) await openAccounts(store as FakeStore, options.fundsRao ?? 1_000_000_000n)
  const blobs = fakeBlobs()
  const shelf = new FileShelf({
    files: store.files,
    blobs,
    links: { sign: () => '', verify: () => '' },
    wallMs: clock.wallMs,
    baseUrl: () => 'http://gateway.test',
  })
  const works: Work[] = []
  let script: Script = options.script ?? goodMiner
  const dialect: Dialect = {
    name: 'openai',
    capabilities: ['chat', 'audio.transcribe', 'image.generate', 'image.recognize'],
    async attempt(_target, work, { signal }) {
      works.push(work)
      return await script(work, works.length, signal)
    },
    async close() {},
  }
  const idle = { successes: 0, failures: 0, latencyMs: null, coolingUntilMs: 0, inFlight: 0 }
  const performer = new Performer({
    directory,
    gate: { choose: (_step, offers) => offers },
    ranking: { rank: (candidates) => candidates },
    records: { read: () => idle, begin: () => () => {} },
    dialects: new Map([['openai', dialect]]),
    nowMs: clock.monotonicMs,
  })
  const prices = options.prices ?? PRICES
  // Shops on one store must not draw the same ids.
  const salt = randomBytes(8).toString('hex')
  let draws = 0
  const base: Omit<PipelinesOptions, 'queue'> = {
    contract,
    planner: createTypedPlanner(),
    directory,
    media,
    files: shelf,
    prices: { current: prices, find: async (version) => (version === prices.version ? prices : null) },
    meter: createMeter({
      name: 'quarter',
      load: async () => (slice) => Math.ceil(Buffer.byteLength(slice) / 4),
    }),
    performer,
    runs: store.runs,
    timing: clock,
    log: keptLog(),
    random(sizeBytes) {
      const blocks = Array.from({ length: Math.ceil(sizeBytes / 32) }, () => {
        draws += 1
        return createHash('sha256').update(`${salt}${draws}`).digest()
      })
      return Buffer.concat(blocks).subarray(0, sizeBytes)
    },
    processId: 'process-1',
    isAlone: true,
    isWorking: true,
    readGenesisHash: () => '0xab',
    recall: async () => false,
  }
  const newQueue = (): StepQueue =>
    fakeStepQueue((turn, delayMs) => (delayMs === 0 ? queueMicrotask(turn) : void clock.after(delayMs, turn)))

  return {
    timing,
    store,
    shelf,
    blobs,
    works,
    performer,
    newQueue,
    log: base.log as ReturnType<typeof keptLog>,
    setScript(next: Script) {
      script = next
    },
    /** Pipelines on this store; more than one is more than one process. */
    open(more: Partial<PipelinesOptions> = {}): Pipelines {
      const pipelines = createPipelines({ ...base, queue: newQueue(), ...more })
      pipelines.start()
      return pipelines
    },
    base,
    async put(content: string, accountId = CALLER.accountId): Promise<string> {
      const stored = await shelf.put(accountId, {
        bytes: Buffer.from(content),
        mime: 'application/octet-stream',
      })
      return stored.id
    },
    create: (pipelines: Pipelines, value: unknown, more: { key?: string; caller?: Caller } = {}) =>
      createRun(pipelines, value, more),
    /** Turns the clock until the run has ended. */
    async finish(runId: string): Promise<Run> {
      for (let turn = 0; turn < 2_000; turn += 1) {
        await settlePromises()
        const run = await store.runs.find(runId, null)
        if (run && run.endedAt !== null) return run
        await timing.advance(100)
      }
      const steps = (await store.runs.find(runId, null))?.steps.map(({ id, status }) => `${id} ${status}`)
      throw new Error(`run ${runId} did not end: ${steps?.join(', ')}`)
    },
    eventsOf: (runId: string) => store.runs.log.listEvents(runId, 0, 10_000),
    balance: (accountId = CALLER.accountId) => store.ledger.readBalance(accountId),
  }
}

export async function createRun(
  pipelines: Pipelines,
  value: unknown,
  { key, caller = CALLER }: { key?: string; caller?: Caller } = {},
) {
  const fingerprint = createHash('sha256').update(JSON.stringify(value)).digest('hex')
  const outcome = await pipelines.create(caller, {
    value,
    idempotency: key === undefined ? null : { key, fingerprint },
    signal: new AbortController().signal,
  })
  if (outcome.kind === 'estimate') throw new Error('a dry run')
  return outcome
}

async function openAccounts(store: FakeStore, fundsRao: bigint): Promise<void> {
  for (const { accountId, keyId, depositAddress } of [CALLER, OTHER]) {
    await store.accounts.create({ id: accountId, name: accountId, depositAddress })
    await store.accounts.addKey({ id: keyId, accountId, prefix: 'sk', sha256: keyId })
    if (fundsRao > 0n) store.fund(accountId, fundsRao)
  }
}

/** The whole way: recording → text → prompt → picture → what is on it. */
export const fourSteps = (fileId: string, more: object = {}) => ({
  version: 1,
  input: { audio: { $file: fileId }, style: 'watercolour' },
  steps: [
    { id: 'stt', use: 'audio.transcribe', with: { file: { $from: '/input/audio' } } },
    {
      id: 'plan',
      use: 'chat',
      with: {
        messages: [{ role: 'user', content: { $text: ['Transcript: ', { $from: '/steps/stt/text' }] } }],
        max_tokens: 64,
      },
    },
    {
      id: 'img',
      use: 'image.generate',
      with: {
        prompt: { $text: [{ $from: '/input/style' }, ', ', { $from: '/steps/plan/text' }] },
        size: '64x64',
      },
    },
    { id: 'see', use: 'image.recognize', with: { image: { $from: '/steps/img/items/0' } } },
  ],
  output: {
    transcript: { $from: '/steps/stt/text' },
    picture: { $from: '/steps/img/items/0' },
    labels: { $from: '/steps/see/labels' },
  },
  ...more,
})
