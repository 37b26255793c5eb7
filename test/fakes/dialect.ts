/** A dialect without a wire: behaves as it is told per call, remembers the calls, and passes the contract. */
import { minerError } from '../../adapters/miners/wire/failure.ts'
import { GatewayError } from '../../src/errors.ts'
import type { Capability } from '../../src/ports/capability.ts'
import {
  type Answer,
  type AttemptOptions,
  type Dialect,
  type DialectName,
  MinerFailure,
  type MinerFailureReason,
  type MinerTarget,
  type Work,
} from '../../src/ports/miner.ts'
import { LONG, type MinerBehaviour, SAID } from '../contract/dialect.ts'

export type FakeDialectOptions = {
  readonly name?: DialectName
  readonly capabilities?: readonly Capability[]
  /** What the miner does with this call. */
  readonly behave: (target: MinerTarget, work: Work) => MinerBehaviour
  /** What it says; in streams in as many deltas as given. */
  readonly deltas?: readonly string[]
  /** How often an endless stream says it all before its bound. */
  readonly endlessRounds?: number
}

export type FakeDialect = Dialect & {
  readonly attempts: { readonly target: MinerTarget; readonly work: Work }[]
  /** Calls that we broke off while the miner was still busy. */
  readonly brokenOff: number
  onBrokenOff(listener: () => void): void
}

const FAILURES: Partial<Record<MinerBehaviour, MinerFailureReason>> = {
  'is-busy': 'busy',
  'is-overloaded': 'busy',
  'is-unauthorized': 'unauthorized',
  'is-forbidden': 'forbidden',
  'has-no-such-model': 'not-found',
  refuses: 'refused',
  fails: 'server-error',
  redirects: 'garbage',
  'sends-garbage': 'garbage',
  'sends-html': 'garbage',
  'sends-no-choices': 'garbage',
  'sends-truncated-json': 'cut',
  'sends-gzip': 'garbage',
  'sends-an-error-as-200': 'server-error',
  'answers-the-other-way': 'garbage',
  'streams-role-then-error': 'server-error',
  'streams-only-a-role': 'garbage',
  'sends-a-huge-line': 'garbage',
  'closes-at-once': 'cut',
  'is-not-there': 'unreachable',
}

export function createFakeDialect(options: FakeDialectOptions): FakeDialect {
  const attempts: { target: MinerTarget; work: Work }[] = []
  const listeners: (() => void)[] = []
  let brokenOff = 0
  const breakOff = () => {
    brokenOff += 1
    for (const listener of listeners.splice(0)) listener()
  }
  return {
    name: options.name ?? 'openai',
    capabilities: options.capabilities ?? ['chat', 'audio.transcribe', 'image.recognize', 'image.generate'],
    attempts,
    get brokenOff() {
      return brokenOff
    },
    onBrokenOff: (listener) => listeners.push(listener),
    async attempt(target, work, { timeoutMs, firstByteTimeoutMs, signal }) {
      if (signal.aborted) throw abortError(signal)
      attempts.push({ target, work })
      const behaviour = options.behave(target, work)
      const patience = new Patience({ timeoutMs, firstByteTimeoutMs, signal }, breakOff)
      if (behaviour === 'hangs-before-the-first-byte') await patience.run(firstByteTimeoutMs)
      if (behaviour === 'drips' && !(work.kind === 'chat' && work.stream)) await patience.run(timeoutMs)
      if (behaviour === 'finds-it-too-long') throw tooLong()
      const reason = FAILURES[behaviour]
      if (reason) {
        const detail = behaviour === 'is-busy' ? { status: 429, retryAfterMs: 7_000 } : {}
        throw minerError(reason, `the fake ${behaviour}`, detail)
      }
      return answer(work, { behaviour, options, patience })
    },
    close: async () => {},
  }
}

/** Waits as a miner would keep us waiting. */
class Patience {
  readonly #options: AttemptOptions
  readonly #onBroken: () => void

  constructor(options: AttemptOptions, onBroken: () => void) {
    this.#options = options
    this.#onBroken = onBroken
  }

  breakOff(): void {
    this.#onBroken()
  }

  /** Rejects when the time is up or the call is given up, whichever comes first. */
  run(timeMs: number): Promise<never> {
    const { signal } = this.#options
    return new Promise((_resolve, reject) => {
      const end = (error: GatewayError) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#onBroken()
        reject(error)
      }
      const onAbort = () => end(abortError(signal))
      const timer = setTimeout(() => end(minerError('slow', 'the fake hangs')), timeMs)
      signal.addEventListener('abort', onAbort)
      if (signal.aborted) onAbort()
    })
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs
  }
}

type Scene = {
  readonly behaviour: MinerBehaviour
  readonly options: FakeDialectOptions
  readonly patience: Patience
}

function answer(work: Work, scene: Scene): Answer {
  const deltas = scene.options.deltas ?? [SAID.slice(0, SAID.indexOf(' ')), SAID.slice(SAID.indexOf(' '))]
  switch (work.kind) {
    case 'chat':
      if (work.stream) return { kind: 'chat-stream', payloads: payloads(deltas, scene) }
      return { kind: 'chat', json: completion(deltas.join('')) }
    case 'transcription':
      return {
        kind: 'transcription',
        text: deltas.join(''),
        language: 'english',
        words: [],
        segments: [
          { text: deltas.join(''), startSeconds: 0, endSeconds: work.durationSeconds, confidence: 0.9 },
        ],
      }
    case 'image':
      return {
        kind: 'image',
        images: Array.from({ length: work.count }, () => ({ bytes: PNG, mime: 'image/png' })),
        revisedPrompt: work.prompt,
      }
  }
}

async function* payloads(deltas: readonly string[], scene: Scene): AsyncGenerator<string> {
  const { behaviour, patience } = scene
  const endlessRounds = scene.options.endlessRounds ?? 1_000
  let isOver = false
  try {
    yield chunk({ role: 'assistant', content: '' })
    if (behaviour === 'streams-a-long-line') yield chunk({ content: LONG })
    for (let round = 0; round < (behaviour === 'streams-without-end' ? endlessRounds : 1); round += 1) {
      for (const [index, content] of (behaviour === 'streams-a-long-line' ? [] : deltas).entries()) {
        if (index > 0) await troubleAfterFirst()
        yield chunk({ content })
      }
    }
    if (behaviour === 'streams-without-end') throw minerError('garbage', 'the fake never ends')
    yield chunk({}, 'stop')
    isOver = true
  } finally {
    if (!isOver) patience.breakOff()
  }

  async function troubleAfterFirst(): Promise<void> {
    if (behaviour === 'streams-text-then-error') throw minerError('server-error', 'the fake fails')
    if (behaviour === 'cuts-halfway' || behaviour === 'cuts-the-line')
      throw minerError('cut', 'the fake cuts')
    if (behaviour === 'hangs-mid-stream' || behaviour === 'drips') await patience.run(patience.timeoutMs)
  }
}

function completion(content: string): string {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }]
  const usage = { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 }
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices,
    usage,
  })
}

function chunk(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices,
  })
}

/** One grey pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
)

function tooLong(): GatewayError {
  return new GatewayError('context_length_exceeded', 'The messages are too long for this model.', {
    cause: new MinerFailure('refused', 'the fake finds it too long', { status: 400 }),
  })
}

function abortError(signal: AbortSignal): GatewayError {
  if (signal.reason instanceof GatewayError) return signal.reason
  return new GatewayError('client_closed_request', 'The request was cancelled.', { cause: signal.reason })
}
