/** The devnet's miners as the gateway's own dialects meet them. */
import { describe, expect, it } from 'vitest'
import type { GatewayError } from '../../../src/errors.ts'
import type { DialectName, ImageWork, TranscriptionWork } from '../../../src/ports/miner.ts'
import { stage } from './miner-stage.ts'

type Stage = Awaited<ReturnType<typeof stage>>

const options = (signal = new AbortController().signal) => ({
  timeoutMs: 20_000,
  firstByteTimeoutMs: 20_000,
  signal,
})

async function say(
  { dialect, target }: Stage,
  content: string,
  { stream = false, model = 'm', signal = options().signal } = {},
) {
  const body = JSON.stringify({ model, stream, messages: [{ role: 'user', content }] })
  const answer = await dialect.attempt(target, { kind: 'chat', body, stream }, options(signal))
  if (answer.kind === 'chat') return JSON.parse(answer.json).choices[0].message.content
  if (answer.kind !== 'chat-stream') throw new Error(answer.kind)
  let text = ''
  for await (const payload of answer.payloads) text += JSON.parse(payload).choices[0].delta.content ?? ''
  return text
}

async function on(name: DialectName, body: (stage: Stage) => Promise<void>, changes = {}): Promise<void> {
  const staged = await stage(name, changes)
  try {
    await body(staged)
  } finally {
    await staged.close()
  }
}

const failure = (promise: Promise<unknown>): Promise<GatewayError> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: GatewayError) => error,
  )

const reasonOf = async (promise: Promise<unknown>) => (await failure(promise)).cause

describe.each(['dendrite10', 'btauth1', 'openai'] as const)('a %s miner', (name) => {
  it('answers whole and as a stream', () =>
    on(name, async (staged) => {
      expect(await say(staged, 'Grüße an alle')).toBe('Grüße an alle')
      expect(await say(staged, 'Grüße an alle', { stream: true })).toBe('Grüße an alle')
    }))

  it('serves calls side by side up to its limit, and says that it is busy beyond', () =>
    on(name, async (staged) => {
      const controller = new AbortController()
      const running = Array.from({ length: 4 }, () =>
        failure(say(staged, 'hang', { stream: true, signal: controller.signal })),
      )
      while (staged.miner.inFlight < 4) await new Promise((resolve) => setImmediate(resolve))
      expect(await reasonOf(say(staged, 'hi'))).toMatchObject({
        reason: 'busy',
        status: 429,
        retryAfterMs: 1_000,
      })
      controller.abort()
      await Promise.all(running)
      while (staged.miner.inFlight > 0) await new Promise((resolve) => setImmediate(resolve))
      expect(await say(staged, 'hi')).toBe('hi')
    }))

  it.each([
    ['fail-m', 'server-error'],
    ['busy-m', 'busy'],
    ['cut-m', 'cut'],
    ['garbage-m', 'garbage'],
  ])('misbehaves as %s asks: %s', (model, reason) =>
    on(name, async (staged) => {
      for (const stream of [false, true]) {
        expect(await reasonOf(say(staged, 'one two three', { stream, model }))).toMatchObject({ reason })
      }
    }),
  )

  it('breaks off after the first token when cut- asks for it', () =>
    on(name, async ({ dialect, target }) => {
      const body = JSON.stringify({
        model: 'cut-m',
        stream: true,
        messages: [{ role: 'user', content: 'one two' }],
      })
      const answer = await dialect.attempt(target, { kind: 'chat', body, stream: true }, options())
      const texts: string[] = []
      const read = async () => {
        if (answer.kind !== 'chat-stream') return
        for await (const payload of answer.payloads) texts.push(JSON.parse(payload).choices[0].delta.content)
      }
      expect(await reasonOf(read())).toMatchObject({ reason: 'cut' })
      expect(texts).toEqual(['', 'one'])
    }))

  it('takes a second and more when slow- asks for it', () =>
    on(name, async (staged) => {
      const startedAt = performance.now()
      expect(await say(staged, 'hi', { model: 'slow-m' })).toBe('hi')
      expect(performance.now() - startedAt).toBeGreaterThan(1_000)
    }))

  it('knows its models, behind fault prefixes too', () =>
    on(
      name,
      async (staged) => {
        expect(await say(staged, 'hi', { model: 'yuma-text' })).toBe('hi')
        for (const model of ['gpt-9', 'slow-gpt-9', '']) {
          expect(await reasonOf(say(staged, 'hi', { model }))).toMatchObject({ reason: 'not-found' })
        }
      },
      { models: ['yuma-text'] },
    ))

  it('tells of an expert that breaks inside the stream, without its words', () =>
    on(name, async (staged) => {
      const error = await failure(say(staged, 'break', { stream: true }))
      expect(error.cause).toMatchObject({ reason: 'server-error' })
      expect(await reasonOf(say(staged, 'break'))).toMatchObject({ reason: 'server-error', status: 500 })
      expect(JSON.stringify(error.cause)).not.toContain('secret')
    }))

  it('refuses a body that is too long', () =>
    on(name, async (staged) => {
      expect(await reasonOf(say(staged, 'x'.repeat(1_100_000)))).toMatchObject({
        reason: 'refused',
        status: 413,
      })
      expect(await say(staged, 'hi')).toBe('hi')
    }))
})

const hearing = (model: string, seconds: number): TranscriptionWork => ({
  kind: 'transcription',
  model,
  wav: wav(seconds),
  durationSeconds: seconds,
  language: 'en',
  prompt: null,
  temperature: 0,
})

const painting = (model: string): ImageWork => ({
  kind: 'image',
  model,
  prompt: 'a tree',
  width: 96,
  height: 64,
  count: 2,
  seed: 7,
  format: 'png',
  background: 'transparent',
})

describe.each(['btauth1', 'openai'] as const)('a %s miner', (name) => {
  it('transcribes what the gateway sends, with words and segments', () =>
    on(name, async ({ dialect, target }) => {
      expect(await dialect.attempt(target, hearing('m', 2), options())).toMatchObject({
        text: 'word0 word1',
        language: 'english',
        words: [
          { word: 'word0', startSeconds: 0, endSeconds: 0.5, confidence: 0.9 },
          { word: 'word1', startSeconds: 1, endSeconds: 1.5, confidence: 0.9 },
        ],
        segments: [{ text: 'word0 word1', startSeconds: 0, endSeconds: 2, confidence: 0.8 }],
      })
    }))

  it('paints as many as asked for, of one seed after the other', () =>
    on(name, async ({ dialect, target }) => {
      const answer = await dialect.attempt(target, painting('m'), options())
      if (answer.kind !== 'image') throw new Error(answer.kind)
      expect(answer.revisedPrompt).toBe('A picture of a tree.')
      const asked = answer.images.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString('utf8', 8)))
      expect(asked).toMatchObject([
        { prompt: 'a tree', width: 96, height: 64, seed: 7, isTransparent: true, format: 'png' },
        { seed: 8 },
      ])
    }))

  it.each([
    ['fail-m', 'server-error'],
    ['busy-m', 'busy'],
    ['cut-m', 'cut'],
    ['garbage-m', 'garbage'],
  ])('misbehaves as %s asks in every kind of work: %s', (model, reason) =>
    on(name, async ({ dialect, target }) => {
      for (const work of [hearing(model, 1), painting(model)]) {
        expect(await reasonOf(dialect.attempt(target, work, options()))).toMatchObject({ reason })
      }
    }),
  )

  it('says that it does not do what it has no expert for', () =>
    on(
      name,
      async ({ dialect, target }) => {
        expect(await reasonOf(dialect.attempt(target, painting('m'), options()))).toMatchObject({
          reason: 'not-found',
        })
      },
      { services: {} },
    ))
})

/** A recording of silence as the gateway writes it. */
function wav(seconds: number): Buffer {
  const bytes = Buffer.alloc(44 + seconds * 32_000)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(bytes.length - 8, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(16_000, 24)
  bytes.writeUInt32LE(32_000, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(seconds * 32_000, 40)
  return bytes
}
