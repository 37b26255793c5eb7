import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../../src/errors.ts'
import type { Pipelines } from '../../../../src/pipeline/pipelines.ts'
import { CALLER, fourSteps, OTHER, openWorkshop, type Workshop } from '../workshop.ts'

const say = (id: string, content: unknown, more: object = {}) => ({
  id,
  use: 'chat',
  with: { messages: [{ role: 'user', content }] },
  ...more,
})
const paint = (id: string, prompt: unknown, more: object = {}) => ({
  id,
  use: 'image.generate',
  with: { prompt },
  ...more,
})
const from = (pointer: unknown, more: object = {}) => ({ $from: pointer, ...more })

async function open(): Promise<{ shop: Workshop; pipelines: Pipelines }> {
  const shop = await openWorkshop()
  return { shop, pipelines: shop.open() }
}

async function refusalOf(value: unknown): Promise<{ code: string; param: string | null; message: string }> {
  const { shop, pipelines } = await open()
  const before = await shop.balance()
  let refusal: GatewayError | null = null
  await shop.create(pipelines, value).catch((thrown) => {
    refusal = thrown
  })
  expect(refusal).toBeInstanceOf(GatewayError)
  expect(await shop.balance()).toEqual(before)
  expect(await pipelines.list(CALLER.accountId, { limit: 10, after: null })).toEqual([])
  expect(shop.works).toEqual([])
  await pipelines.close(0)
  const { code, param, message } = refusal as unknown as GatewayError
  return { code, param, message }
}

describe('P8: a definition that cannot run is refused by its place, and leaves no run and no hold', () => {
  it.each<[name: string, value: unknown, param: string | null]>([
    ['nothing', {}, 'steps'],
    ['no steps', { steps: [] }, 'steps'],
    ['33 steps', { steps: Array.from({ length: 33 }, (_, index) => say(`s${index}`, 'x')) }, 'steps'],
    ['another version', { version: 2, steps: [say('a', 'x')] }, 'version'],
    ['an id in capitals', { steps: [say('A', 'x')] }, 'steps.0.id'],
    ['an id twice', { steps: [say('a', 'x'), say('a', 'y')] }, 'steps.1.id'],
    ['work that nobody does', { steps: [{ id: 'a', use: 'video.dream', with: {} }] }, 'steps.0.use'],
    ['a field that there is not', { steps: [say('a', 'x')], colour: 'red' }, 'colour'],
    ['a step field that there is not', { steps: [say('a', 'x', { retries: 3 })] }, 'steps.0.retries'],
    ['a need that there is not', { steps: [say('a', 'x', { needs: ['b'] })] }, 'steps.0.needs.0'],
    ['a step that needs itself', { steps: [say('a', 'x', { needs: ['a'] })] }, 'steps.0.needs.0'],
    [
      'a reference to no step',
      { steps: [say('a', from('/steps/b/text'))] },
      'steps.0.with.messages.0.content',
    ],
    [
      'a step that reads itself',
      { steps: [say('a', from('/steps/a/text'))] },
      'steps.0.with.messages.0.content',
    ],
    ['a circle', { steps: [say('a', from('/steps/b/text')), say('b', from('/steps/a/text'))] }, 'steps.0'],
    [
      'seventeen in a row',
      {
        steps: Array.from({ length: 17 }, (_, index) =>
          say(`s${index}`, index === 0 ? 'x' : from(`/steps/s${index - 1}/text`)),
        ),
      },
      'steps',
    ],
    [
      'a pointer without a slash',
      { steps: [say('a', from('input/x'))] },
      'steps.0.with.messages.0.content.$from',
    ],
    [
      'a pointer with a lone tilde',
      { steps: [say('a', from('/input/~x'))] },
      'steps.0.with.messages.0.content.$from',
    ],
    [
      'a pointer to somewhere else',
      { steps: [say('a', from('/env/HOME'))] },
      'steps.0.with.messages.0.content.$from',
    ],
    ['a pointer that is no text', { steps: [say('a', from(5))] }, 'steps.0.with.messages.0.content.$from'],
    [
      'a reference with company',
      { steps: [say('a', from('/input/x', { url: 1 }))] },
      'steps.0.with.messages.0.content.url',
    ],
    [
      'an input that is not there',
      { steps: [say('a', from('/input/x'))] },
      'steps.0.with.messages.0.content',
    ],
    [
      'an inherited member',
      { input: {}, steps: [say('a', from('/input/constructor'))] },
      'steps.0.with.messages.0.content',
    ],
    [
      'an output that there is not',
      { steps: [say('a', 'x'), say('b', from('/steps/a/words'))] },
      'steps.1.with.messages.0.content',
    ],
    [
      'json that was not asked for',
      { steps: [say('a', 'x'), say('b', from('/steps/a/json/x'))] },
      'steps.1.with.messages.0.content',
    ],
    [
      'a picture into a text',
      { steps: [paint('a', 'x'), say('b', from('/steps/a/items/0'))] },
      'steps.1.with.messages.0.content',
    ],
    [
      'a picture into a joined text',
      { steps: [paint('a', 'x'), say('b', { $text: [from('/steps/a/items/0/file')] })] },
      'steps.1.with.messages.0.content',
    ],
    [
      'a number into a text',
      { steps: [paint('a', 'x'), say('b', from('/steps/a/count'))] },
      'steps.1.with.messages.0.content',
    ],
    [
      'a whole output into a text',
      { steps: [say('a', 'x'), say('b', from('/steps/a'))] },
      'steps.1.with.messages.0.content',
    ],
    [
      'a text into a picture',
      { steps: [say('a', 'x'), { id: 'b', use: 'image.recognize', with: { image: from('/steps/a/text') } }] },
      'steps.1.with.image',
    ],
    [
      'a joined text into a picture',
      { steps: [say('a', 'x'), { id: 'b', use: 'image.recognize', with: { image: { $text: ['x'] } } }] },
      'steps.1.with.image',
    ],
    [
      'a picture that is not made',
      {
        steps: [
          paint('a', 'x'),
          { id: 'b', use: 'image.recognize', with: { image: from('/steps/a/items/1') } },
        ],
      },
      'steps.1.with.image',
    ],
    [
      'an address of a picture',
      { steps: [{ id: 'b', use: 'image.recognize', with: { image: 'https://example.com/x.png' } }] },
      'steps.0.with.image',
    ],
    [
      'a text into a recording',
      { steps: [say('a', 'x'), { id: 'b', use: 'audio.transcribe', with: { file: from('/steps/a/text') } }] },
      'steps.1.with.file',
    ],
    [
      'a name for a recording',
      { steps: [{ id: 'b', use: 'audio.transcribe', with: { file: 'file-1' } }] },
      'steps.0.with.file',
    ],
    [
      'a step that sets a limit',
      {
        steps: [
          say('a', 'x'),
          {
            ...say('b', 'y'),
            with: {
              messages: [{ role: 'user', content: 'y' }],
              max_tokens: from('/steps/a/usage/total_tokens'),
            },
          },
        ],
      },
      'steps.1.with.max_tokens',
    ],
    [
      'a step that sets a size',
      { steps: [say('a', 'x'), paint('b', 'y', { with: { prompt: 'y', size: from('/steps/a/text') } })] },
      'steps.1.with.size',
    ],
    [
      'a model inside of with',
      { steps: [paint('b', 'y', { with: { prompt: 'y', model: 'image' } })] },
      'steps.0.with.model',
    ],
    [
      'a stream',
      { steps: [say('b', 'y', { with: { messages: [{ role: 'user', content: 'y' }], stream: true } })] },
      'steps.0.with.stream',
    ],
    [
      'several answers',
      { steps: [say('b', 'y', { with: { messages: [{ role: 'user', content: 'y' }], n: 2 } })] },
      'steps.0.with.n',
    ],
    [
      'an unknown field of a picture',
      { steps: [paint('b', 'y', { with: { prompt: 'y', steps: 30 } })] },
      'steps.0.with.steps',
    ],
    [
      'a form that an output has not',
      { steps: [paint('b', 'y', { with: { prompt: 'y', response_format: 'url' } })] },
      'steps.0.with.response_format',
    ],
    [
      'a size out of range',
      { steps: [paint('b', 'y', { with: { prompt: 'y', size: '9999x64' } })] },
      'steps.0.with.size',
    ],
    ['a body that its endpoint refuses', { steps: [say('a', 5)] }, 'steps.0.with.messages.0.content'],
    [
      'with as a reference',
      { input: { x: {} }, steps: [{ id: 'a', use: 'chat', with: from('/input/x') }] },
      'steps.0.with',
    ],
    [
      'a default of another kind',
      { steps: [say('a', 'x'), say('b', from('/steps/a/text', { default: 5 }))] },
      'steps.1.with.messages.0.content',
    ],
    [
      'a default for a picture',
      {
        steps: [
          paint('a', 'x'),
          { id: 'b', use: 'image.recognize', with: { image: from('/steps/a/items/0', { default: 'x' }) } },
        ],
      },
      'steps.1.with.image',
    ],
    ['a reference in the input', { input: { a: from('/steps/a/text') }, steps: [say('a', 'x')] }, 'input.a'],
    ['an output to nowhere', { steps: [say('a', 'x')], output: { b: from('/steps/b/text') } }, 'output.b'],
    ['an output of nothing', { steps: [say('a', 'x')], output: { b: from('/steps/a/labels') } }, 'output.b'],
    ['a file in the output', { steps: [say('a', 'x')], output: { b: { $file: 'file-1' } } }, 'output.b'],
    ['an amount that is a number', { steps: [say('a', 'x')], max_cost_rao: 5 }, 'max_cost_rao'],
    ['an amount beyond all', { steps: [say('a', 'x')], max_cost_rao: '9999999999999999999' }, 'max_cost_rao'],
    ['a cap that pays for nothing', { steps: [paint('a', 'x')], max_cost_rao: '499' }, 'max_cost_rao'],
    [
      'a cap of a step that pays for nothing',
      { steps: [paint('a', 'x', { max_cost_rao: '499' })] },
      'steps.0.max_cost_rao',
    ],
    ['a day', { steps: [say('a', 'x')], timeout_s: 86_400 }, 'timeout_s'],
    ['eleven tries', { steps: [say('a', 'x', { retry: { attempts: 11 } })] }, 'steps.0.retry.attempts'],
    ['a later word: goal', { goal: 'paint it', steps: [say('a', 'x')] }, 'goal'],
    ['a later word: webhook', { webhook: { url: 'https://example.com' }, steps: [say('a', 'x')] }, 'webhook'],
    ['a later word: each', { steps: [say('a', 'x', { each: {} })] }, 'steps.0.each'],
    ['a later word: when', { steps: [say('a', 'x', { when: {} })] }, 'steps.0.when'],
    ['a later word: on_error', { steps: [say('a', 'x', { on_error: 'continue' })] }, 'steps.0.on_error'],
  ])('%s', async (_name, value, param) => {
    const refusal = await refusalOf(value)
    expect(refusal).toMatchObject({ code: 'invalid_request', param })
    expect(refusal.message).toMatch(/\.$/)
  })

  it('a part of the language that is not there yet is named in the refusal', async () => {
    const { message } = await refusalOf({ steps: [say('a', 'x', { each: { in: [] } })] })
    expect(message).toMatch(/steps\.0\.each: .*not in this version/)
  })

  it.each([
    ['of an unknown model', say('a', 'x', { model: 'nobody' }), 'model_not_found'],
    ['of a model for other work', say('a', 'x', { model: 'speech' }), 'invalid_request'],
  ])('a step %s is refused', async (_name, step, code) => {
    expect(await refusalOf({ steps: [step] })).toMatchObject({ code, param: 'steps.0.model' })
  })

  it('a chat far beyond the context of its model is refused', async () => {
    const long = await refusalOf({ steps: [say('a', 'x'.repeat(9 * 32_768))] })
    expect(long).toMatchObject({ code: 'context_length_exceeded', param: 'steps.0.with.messages' })
  })

  it('joined text that could outgrow every limit is refused before it grows', async () => {
    const parts = (id: string) => Array.from({ length: 64 }, () => from(`/steps/${id}/text`))
    const join = (id: string, before: string) => ({ id, use: 'text.concat', with: { parts: parts(before) } })
    const refusal = await refusalOf({
      steps: [say('s', 'x'), join('a', 's'), join('b', 'a'), join('c', 'b')],
    })
    expect(refusal).toMatchObject({ code: 'invalid_request', param: 'steps.3.with' })
  })
})

describe('files of a definition', () => {
  const transcribe = (fileId: string) => ({
    steps: [{ id: 'stt', use: 'audio.transcribe', with: { file: { $file: fileId } } }],
  })

  it("one that is not there, or another account's, is a 404 by its place", async () => {
    const { shop, pipelines } = await open()
    const foreign = await shop.put('audio:1', OTHER.accountId)
    for (const fileId of ['file-nothing', foreign]) {
      await expect(shop.create(pipelines, transcribe(fileId))).rejects.toMatchObject({
        code: 'not_found',
        param: 'steps.0.with.file',
      })
    }
    await expect(
      shop.create(pipelines, { input: { unused: { $file: foreign } }, steps: [say('a', 'x')] }),
    ).rejects.toMatchObject({ code: 'not_found', param: 'input.unused' })
    await pipelines.close(0)
  })

  it('one that is no recording, or no picture, is refused before anything is held', async () => {
    const { shop, pipelines } = await open()
    const before = await shop.balance()
    const fileId = await shop.put('hello')
    await expect(shop.create(pipelines, transcribe(fileId))).rejects.toMatchObject({
      code: 'invalid_audio',
      param: 'steps.0.with.file',
    })
    const see = { id: 'see', use: 'image.recognize', with: { image: { $file: fileId } } }
    await expect(shop.create(pipelines, { steps: [see] })).rejects.toMatchObject({
      code: 'invalid_image',
      param: 'steps.0.with.image',
    })
    expect(await shop.balance()).toEqual(before)
    await pipelines.close(0)
  })

  it('a recording is decoded once for its price, however many steps hear it', async () => {
    const shop = await openWorkshop()
    let decoded = 0
    const pipelines = shop.open({
      media: {
        ...shop.base.media,
        decodeAudio: (bytes, options) => {
          decoded += 1
          return shop.base.media.decodeAudio(bytes, options)
        },
      },
    })
    const fileId = await shop.put('audio:1')
    const step = (id: string) => ({ id, use: 'audio.transcribe', with: { file: { $file: fileId } } })
    await pipelines.create(CALLER, {
      value: { dry_run: true, steps: [step('a'), step('b')] },
      idempotency: null,
      signal: new AbortController().signal,
    })
    expect(decoded).toBe(1)
    await pipelines.close(0)
  })
})

describe('prices of a definition', () => {
  it('a dry run tells what each step may cost and what would be held, and holds nothing', async () => {
    const { shop, pipelines } = await open()
    const before = await shop.balance()
    const outcome = await pipelines.create(CALLER, {
      value: fourSteps(await shop.put('audio:2.5'), { dry_run: true }),
      idempotency: null,
      signal: new AbortController().signal,
    })
    if (outcome.kind !== 'estimate') throw new Error('a run')
    const { plan } = outcome.compiled
    expect(plan.layers).toEqual([['stt'], ['plan'], ['img'], ['see']])
    const worst = Object.fromEntries(plan.steps.map(({ id, worstRao }) => [id, worstRao]))
    expect(worst.stt).toBe(250n)
    expect(worst.img).toBe(500n)
    // Texts of 23 bytes, a transcript of 3 s at most 1,024 + 3 × 64 bytes, 64 tokens out at 2 rao.
    expect(worst.plan).toBe(BigInt(3 + 3 + 'user'.length + 'Transcript: x'.length + 1024 + 192) + 128n)
    expect(plan.holdRao).toBe(plan.steps.reduce((sum, { worstRao }) => sum + worstRao, 0n))
    expect(await shop.balance()).toEqual(before)
    await pipelines.close(0)
  })

  it('a run that the balance does not cover is a 402 that says where to send how much, and leaves nothing', async () => {
    const shop = await openWorkshop({ fundsRao: 100n })
    const pipelines = shop.open()
    await expect(shop.create(pipelines, { steps: [paint('a', 'x')] })).rejects.toMatchObject({
      code: 'insufficient_quota',
      extra: {
        topup: {
          address: CALLER.depositAddress,
          network: 'bittensor:0xab',
          required_rao: '500',
          available_rao: '100',
          shortfall_rao: '400',
        },
      },
    })
    expect(await pipelines.list(CALLER.accountId, { limit: 10, after: null })).toEqual([])
    expect(await shop.balance()).toMatchObject({ availableRao: 100n, heldRao: 0n })
    await pipelines.close(0)
  })

  it('the lower of the caps holds', async () => {
    const { shop, pipelines } = await open()
    const value = { steps: [paint('a', 'x'), say('b', 'y')], max_cost_rao: '700' }
    expect((await shop.create(pipelines, value)).run.heldRao).toBe(700n)
    const caller = { ...CALLER, costMaxRao: 650n }
    expect((await shop.create(pipelines, value, { caller })).run.heldRao).toBe(650n)
    await pipelines.close(0)
  })
})
