/** What every dialect must do, whatever the miner on the other side does. Adapters and the fake both run it. */
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import {
  type Answer,
  type AttemptOptions,
  type ChatWork,
  type Dialect,
  MinerFailure,
  type MinerFailureReason,
  type MinerTarget,
} from '../../src/ports/miner.ts'

/** What the miner does with the next call. The answer's text is always `Grüße 👋 there`, whole or in three deltas. */
export const MINER_BEHAVIOURS = [
  'answers',
  'streams',
  'streams-awkwardly', // CR LF, comments, empty events, characters cut in two, no line feed at the end
  'streams-without-done', // but with a finish reason and a proper end
  'streams-a-long-line', // 100 KB in one delta
  'is-busy', // 429 with retry-after: 7
  'is-overloaded', // 503
  'is-unauthorized', // 401
  'is-forbidden', // 403
  'has-no-such-model', // 404
  'refuses', // 400
  'finds-it-too-long', // 400 with OpenAI's code context_length_exceeded
  'fails', // 500
  'redirects', // 302 to a place that answers
  'sends-garbage', // no JSON, no events
  'sends-html',
  'sends-no-choices',
  'sends-truncated-json',
  'sends-gzip', // which was not asked for
  'sends-an-error-as-200',
  'answers-the-other-way', // JSON to a stream request, a stream to a JSON request
  'streams-role-then-error',
  'streams-text-then-error',
  'streams-only-a-role',
  'cuts-halfway', // ends the body tidily, without finish reason or [DONE]
  'cuts-the-line', // drops the connection
  'hangs-before-the-first-byte',
  'hangs-mid-stream',
  'streams-without-end',
  'sends-a-huge-line', // never a line feed, beyond every bound
  'drips', // a byte now and then
  'closes-at-once',
  'is-not-there', // nobody listens
] as const

export type MinerBehaviour = (typeof MINER_BEHAVIOURS)[number]

/** A dialect and a miner that behaves so. */
export type DialectStage = {
  readonly dialect: Dialect
  readonly target: MinerTarget
  /** Resolves when the miner has seen the call broken off by us. */
  readonly brokenOff: Promise<void>
  close(): Promise<void>
}

export const SAID = 'Grüße 👋 there'
export const LONG = 'The line is long. '.repeat(6_000)

const QUICK: Omit<AttemptOptions, 'signal'> = { timeoutMs: 400, firstByteTimeoutMs: 200 }
const PATIENT: Omit<AttemptOptions, 'signal'> = { timeoutMs: 30_000, firstByteTimeoutMs: 20_000 }

/** Registers the tests. `make` starts a miner and a dialect whose bounds are a stream of at most 4 MiB and lines of at most 1 MiB. */
export function dialectContract(
  name: string,
  make: (behaviour: MinerBehaviour) => Promise<DialectStage>,
): void {
  const on = (behaviour: MinerBehaviour, title: string, body: (stage: DialectStage) => Promise<void>) =>
    it(title, async () => {
      const stage = await make(behaviour)
      try {
        await body(stage)
      } finally {
        await stage.close()
      }
    })
  const fails = (
    behaviour: MinerBehaviour,
    reason: MinerFailureReason,
    ways: readonly boolean[] = [false, true],
  ) => {
    for (const stream of ways) {
      on(
        behaviour,
        `${stream ? 'stream' : 'whole'}: a miner that ${behaviour} is ${reason}`,
        async (stage) => {
          expectFailure(await rejection(collect(stage, { stream, ...PATIENT })), reason)
        },
      )
    }
  }

  describe(`dialect contract: ${name}`, () => {
    describe('answers', () => {
      on('answers', 'hands out a whole answer as the JSON text it is', async (stage) => {
        const answer = await attempt(stage, { stream: false, ...PATIENT })
        expect(answer.kind).toBe('chat')
        expect(JSON.parse(answer.kind === 'chat' ? answer.json : '').choices[0].message.content).toBe(SAID)
      })
      for (const behaviour of ['streams', 'streams-awkwardly', 'streams-without-done'] as const) {
        on(
          behaviour,
          `${behaviour}: hands out every payload once, in order, without [DONE]`,
          async (stage) => {
            const payloads = await collect(stage, { stream: true, ...PATIENT })
            expect(said(payloads)).toBe(SAID)
            expect(payloads.filter((payload) => JSON.parse(payload).choices[0].delta.role)).toHaveLength(1)
            expect(payloads.join()).not.toContain('[DONE]')
          },
        )
      }
      on('streams-a-long-line', 'passes a line of 100 KB', async (stage) => {
        expect(said(await collect(stage, { stream: true, ...PATIENT }))).toBe(LONG)
      })
      on('answers', 'serves one call after another', async (stage) => {
        for (let call = 0; call < 5; call += 1) await attempt(stage, { stream: false, ...PATIENT })
      })
      on('answers', 'serves calls side by side', async (stage) => {
        await Promise.all(Array.from({ length: 20 }, () => attempt(stage, { stream: false, ...PATIENT })))
      })
    })

    describe('failures', () => {
      fails('is-busy', 'busy')
      fails('is-overloaded', 'busy')
      fails('is-unauthorized', 'unauthorized')
      fails('is-forbidden', 'forbidden')
      fails('has-no-such-model', 'not-found')
      fails('refuses', 'refused')
      fails('fails', 'server-error')
      fails('redirects', 'garbage')
      fails('sends-garbage', 'garbage')
      fails('sends-html', 'garbage')
      fails('sends-no-choices', 'garbage', [false])
      fails('sends-truncated-json', 'cut', [false])
      fails('sends-gzip', 'garbage')
      fails('sends-an-error-as-200', 'server-error')
      fails('answers-the-other-way', 'garbage')
      fails('sends-a-huge-line', 'garbage')
      fails('closes-at-once', 'cut')
      fails('is-not-there', 'unreachable')
      on('is-busy', 'keeps what the miner says about when to come back', async (stage) => {
        const error = await rejection(collect(stage, { stream: false, ...PATIENT }))
        expect(error.retryAfterMs).toBe(7_000)
        expect(failureOf(error).retryAfterMs).toBe(7_000)
      })
      on('finds-it-too-long', 'tells too many tokens from other refusals', async (stage) => {
        const error = await rejection(collect(stage, { stream: false, ...PATIENT }))
        expect([error.code, failureOf(error).reason]).toEqual(['context_length_exceeded', 'refused'])
      })
      on('fails', 'shows nothing of what the miner wrote', async (stage) => {
        const error = await rejection(collect(stage, { stream: false, ...PATIENT }))
        expect(error.message).not.toMatch(/secret|127\.0\.0\.1/)
      })
    })

    describe('streams that break', () => {
      on('streams-role-then-error', 'an error before the first content fails the attempt', async (stage) => {
        expectFailure(await rejection(attempt(stage, { stream: true, ...PATIENT })), 'server-error')
      })
      on('streams-only-a-role', 'a stream without content fails the attempt', async (stage) => {
        expectFailure(await rejection(attempt(stage, { stream: true, ...PATIENT })), 'garbage')
      })
      for (const [behaviour, reason] of [
        ['streams-text-then-error', 'server-error'],
        ['cuts-halfway', 'cut'],
        ['cuts-the-line', 'cut'],
      ] as const) {
        on(behaviour, `${behaviour}: what came is delivered, then the stream throws`, async (stage) => {
          const { payloads, error } = await read(stage, { stream: true, ...PATIENT })
          expect(said(payloads)).toBe(SAID.slice(0, SAID.indexOf(' ')))
          expectFailure(error, reason)
        })
      }
    })

    describe('time', () => {
      for (const stream of [false, true]) {
        on('hangs-before-the-first-byte', `gives up on silence (stream: ${stream})`, async (stage) => {
          expectFailure(await rejection(collect(stage, { stream, ...QUICK })), 'slow')
          await stage.brokenOff
        })
        on(
          'drips',
          `gives up on an answer that does not come to its end (stream: ${stream})`,
          async (stage) => {
            expectFailure(await rejection(collect(stage, { stream, ...QUICK })), 'slow')
            await stage.brokenOff
          },
        )
      }
      on('hangs-mid-stream', 'delivers what came before a stream fell silent, then throws', async (stage) => {
        const { payloads, error } = await read(stage, { stream: true, ...QUICK, firstByteTimeoutMs: 400 })
        expect(said(payloads)).toBe(SAID.slice(0, SAID.indexOf(' ')))
        expectFailure(error, 'slow')
        await stage.brokenOff
      })
      on('streams-without-end', 'ends an endless stream at its bound', async (stage) => {
        const { payloads, error } = await read(stage, { stream: true, ...PATIENT })
        expect(payloads.length).toBeGreaterThan(10)
        expectFailure(error, 'garbage')
        await stage.brokenOff
      })
    })

    describe('giving up', () => {
      on('hangs-before-the-first-byte', 'abort breaks off a call that waits', async (stage) => {
        const controller = new AbortController()
        const call = rejection(attempt(stage, { stream: false, ...PATIENT, signal: controller.signal }))
        controller.abort()
        expect((await call).code).toBe('client_closed_request')
      })
      on('hangs-mid-stream', 'abort breaks off a stream', async (stage) => {
        const controller = new AbortController()
        const answer = await attempt(stage, { stream: true, ...PATIENT, signal: controller.signal })
        const rest = rejection(drain(answer))
        controller.abort(new GatewayError('shutting_down', 'The gateway is shutting down.'))
        expect((await rest).code).toBe('shutting_down')
        await stage.brokenOff
      })
      on('answers', 'a signal that was aborted before sends nothing', async (stage) => {
        const options = { stream: false, ...PATIENT, signal: AbortSignal.abort() }
        expect((await rejection(attempt(stage, options))).code).toBe('client_closed_request')
      })
      on('streams-without-end', 'leaving a stream early breaks off the call', async (stage) => {
        const answer = await attempt(stage, { stream: true, ...PATIENT })
        for await (const payload of payloadsOf(answer)) {
          expect(payload).toContain('choices')
          break
        }
        await stage.brokenOff
      })
    })
  })
}

type CallOptions = Omit<AttemptOptions, 'signal'> & {
  readonly stream: boolean
  readonly signal?: AbortSignal
}

function attempt({ dialect, target }: DialectStage, options: CallOptions): Promise<Answer> {
  const { stream, timeoutMs, firstByteTimeoutMs, signal = new AbortController().signal } = options
  const body = JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'Hi “you” 👋' }] })
  const work: ChatWork = { kind: 'chat', body, stream }
  return dialect.attempt(target, work, { timeoutMs, firstByteTimeoutMs, signal })
}

async function collect(stage: DialectStage, options: CallOptions): Promise<string[]> {
  const answer = await attempt(stage, options)
  return options.stream ? drain(answer) : []
}

async function drain(answer: Answer): Promise<string[]> {
  const payloads: string[] = []
  for await (const payload of payloadsOf(answer)) payloads.push(payload)
  return payloads
}

async function read(stage: DialectStage, options: CallOptions) {
  const payloads: string[] = []
  const consume = async () => {
    for await (const payload of payloadsOf(await attempt(stage, options))) payloads.push(payload)
  }
  const error = await rejection(consume())
  return { payloads, error }
}

function payloadsOf(answer: Answer): AsyncIterable<string> {
  if (answer.kind !== 'chat-stream') throw new Error(`${answer.kind} instead of a stream`)
  return answer.payloads
}

function said(payloads: readonly string[]): string {
  return payloads.map((payload) => JSON.parse(payload).choices[0]?.delta.content ?? '').join('')
}

async function rejection(promise: Promise<unknown>): Promise<GatewayError> {
  const thrown: unknown = await promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof GatewayError)) throw thrown
  return thrown
}

function failureOf(error: GatewayError): MinerFailure {
  expect(error.cause).toBeInstanceOf(MinerFailure)
  return error.cause as MinerFailure
}

const CODE: Record<MinerFailureReason, string> = {
  unreachable: 'no_expert_available',
  busy: 'no_expert_available',
  forbidden: 'expert_bad_response',
  unauthorized: 'expert_bad_response',
  'not-found': 'expert_bad_response',
  slow: 'expert_timeout',
  'server-error': 'expert_bad_response',
  garbage: 'expert_bad_response',
  cut: 'expert_bad_response',
  refused: 'invalid_request',
}

function expectFailure(error: GatewayError, reason: MinerFailureReason): void {
  expect([error.code, failureOf(error).reason]).toEqual([CODE[reason], reason])
}
