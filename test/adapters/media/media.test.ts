import { once } from 'node:events'
import { afterAll, describe, expect, it } from 'vitest'
import { createMedia, type MediaOptions } from '../../../adapters/media/index.ts'
import { GatewayError } from '../../../src/errors.ts'
import { mediaContract, TINY_PNG, toneWav } from '../../contract/media.ts'
import { fakeMedia } from '../../fakes/media.ts'
import { opusOfHours } from './files.ts'

const decodeEntry = new URL('../../../adapters/media/decode-main.ts', import.meta.url)
const decodeExecArgv = ['--import', new URL('./typescript-thread.mjs', import.meta.url).href]
const make = (options: Partial<MediaOptions> = {}) => createMedia({ decodeEntry, decodeExecArgv, ...options })

mediaContract('adapter', { make })
mediaContract('fake', { make: fakeMedia })

/** A thread that does what its name says instead of decoding. */
const thread = (source: string) => new URL(`data:text/javascript,${encodeURIComponent(source)}`)
const HANGS = thread(`
  import { parentPort } from 'node:worker_threads'
  parentPort.on('message', ({ bytes }) => { if (bytes.length === 1) parentPort.postMessage({ kind: 'fault', message: 'one byte' }) })`)
const LOOPS = thread(
  `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { for (;;); })`,
)
const CRASHES = thread(
  `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { throw new Error('secret path') })`,
)
const EXITS = thread(
  `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(0))`,
)
const EATS = thread(`
  import { parentPort } from 'node:worker_threads'
  parentPort.on('message', () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)) })`)

const { signal } = new AbortController()
const threadless = (decodeEntry: URL, options: Partial<MediaOptions> = {}) =>
  createMedia({ decodeEntry, workersMax: 1, ...options })

describe('the decoding threads', () => {
  it('a thread that loops is ended at the time limit, and the next recording gets a new one', async () => {
    const media = threadless(LOOPS, { timeoutMs: 200 })
    for (let round = 0; round < 2; round += 1)
      await expect(media.decodeAudio(toneWav(0.1), { signal })).rejects.toMatchObject({
        code: 'invalid_audio',
        message: expect.stringContaining('0.2 seconds'),
      })
    await media.close()
  })

  it('a thread that throws, exits or eats all memory is invalid_audio, shows nothing foreign, and is replaced', async () => {
    for (const entry of [CRASHES, EXITS, EATS]) {
      const media = threadless(entry, { heapMb: 32 })
      for (let round = 0; round < 2; round += 1) {
        const error = await media.decodeAudio(toneWav(0.1), { signal }).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'invalid_audio' })
        expect(error).not.toMatchObject({ message: expect.stringContaining('secret') })
        if (entry === EATS) expect(error).toMatchObject({ message: expect.stringContaining('memory') })
      }
      await media.close()
    }
  })

  it('aborting a recording that hangs frees its thread for the one that waits', async () => {
    const media = threadless(HANGS)
    const controller = new AbortController()
    const hanging = media.decodeAudio(toneWav(0.1), { signal: controller.signal })
    const waiting = media.decodeAudio(new Uint8Array(1), { signal })
    controller.abort()
    await expect(hanging).rejects.toMatchObject({ code: 'client_closed_request' })
    await expect(waiting).rejects.toMatchObject({ message: 'one byte' })
    await media.close()
  })

  it('aborting a recording that waits leaves the one that is being decoded alone', async () => {
    const media = threadless(HANGS)
    const controller = new AbortController()
    const first = new AbortController()
    const running = media.decodeAudio(toneWav(0.1), { signal: first.signal })
    const waiting = media.decodeAudio(new Uint8Array(1), { signal: controller.signal })
    controller.abort(new GatewayError('expert_timeout', 'Too late.'))
    await expect(waiting).rejects.toMatchObject({ code: 'expert_timeout' })
    let isSettled = false
    void running.catch(() => {}).finally(() => (isSettled = true))
    await new Promise(setImmediate)
    expect(isSettled).toBe(false)
    first.abort()
    await expect(running).rejects.toMatchObject({ code: 'client_closed_request' })
    await media.close()
  })

  it('one recording more than may wait is queue_full with a time to come back', async () => {
    const media = threadless(HANGS, { queueMax: 2 })
    const held = Promise.allSettled([1, 2, 3].map(() => media.decodeAudio(toneWav(0.1), { signal })))
    await expect(media.decodeAudio(toneWav(0.1), { signal })).rejects.toMatchObject({
      code: 'queue_full',
      retryAfterMs: 1000,
    })
    await media.close()
    for (const one of await held) expect(one).toMatchObject({ reason: { code: 'shutting_down' } })
  })

  it('no queue at all still serves whoever finds a free thread', async () => {
    const media = threadless(HANGS, { queueMax: 0 })
    await expect(media.decodeAudio(new Uint8Array(1), { signal })).rejects.toMatchObject({
      message: 'one byte',
    })
    await media.close()
  })
})

describe('bombs', () => {
  const media = make({ secondsMax: 120, timeoutMs: 60_000 })
  afterAll(() => media.close())

  it('an Opus file of ten hours is refused at the limit, while the event loop goes on', async () => {
    const bytes = opusOfHours(10)
    expect(bytes.length).toBeLessThan(8_000_000)
    let ticks = 0
    let isOver = false
    const count = () => {
      ticks += 1
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    await expect(media.decodeAudio(bytes, { signal })).rejects.toMatchObject({
      code: 'invalid_audio',
      message: expect.stringContaining('2 minutes'),
    })
    isOver = true
    expect(ticks).toBeGreaterThan(1_000)
  })

  it('a WAV header that claims 4 GHz is refused with the number', async () => {
    const bytes = toneWav(1)
    new DataView(bytes.buffer).setUint32(24, 4_000_000_000, true)
    await expect(media.decodeAudio(bytes, { signal })).rejects.toMatchObject({
      code: 'invalid_audio',
      message: expect.stringContaining('4000000000 Hz'),
    })
  })

  it('a PNG header that claims 60000 x 60000 is refused before it is decoded', async () => {
    const bytes = TINY_PNG.slice()
    new DataView(bytes.buffer).setUint32(16, 60_000)
    new DataView(bytes.buffer).setUint32(20, 60_000)
    await expect(media.inspectImage(bytes, { signal })).rejects.toMatchObject({
      code: 'invalid_image',
      message: expect.stringContaining('60000 x 60000'),
    })
  })

  it('an idle decoding thread does not keep the process alive', async () => {
    const { spawn } = await import('node:child_process')
    const script = `
      import { createMedia } from ${JSON.stringify(new URL('../../../adapters/media/index.ts', import.meta.url).href)}
      const media = createMedia({ decodeEntry: new URL(${JSON.stringify(decodeEntry.href)}), decodeExecArgv: ${JSON.stringify(decodeExecArgv)} })
      await media.decodeAudio(new TextEncoder().encode('a text'), { signal: new AbortController().signal }).catch((error) => process.stdout.write(error.message))`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    const [code] = await once(child, 'close')
    expect([code, Buffer.concat(output).toString()]).toEqual([0, expect.stringContaining('This is a text')])
  })
})
