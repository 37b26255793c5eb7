import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { encodePicture } from '../../../../devnet/experts/image/encode-picture.ts'
import { composerFiles, newComposer, vocabulary } from './composer-files.ts'

const composer = newComposer()
afterAll(() => composer.close())
const fox = { prompt: 'a fox under a tree', width: 256, height: 256, seed: 1 }

it.each([
  [64, 64],
  [256, 256],
  [1024, 1024],
  [1536, 1024],
  [1024, 1536],
  [1792, 1024],
  [2048, 64],
  [64, 2048],
  [777, 333],
])('%i x %i is the size that was asked for', async (width, height) => {
  const picture = await composer.compose({ ...fox, width, height })
  const { format, ...size } = await sharp(picture.png).metadata()
  expect([format, size.width, size.height]).toEqual(['png', width, height])
  expect([picture.width, picture.height, picture.seed]).toEqual([width, height, 1])
})

it('the same words, size and seed give the same bytes', async () => {
  const [first, second] = await Promise.all([composer.compose(fox), composer.compose(fox)])
  expect(Buffer.compare(first.png, second.png)).toBe(0)
  const other = await composer.compose({ ...fox, seed: 2 })
  expect(Buffer.compare(first.png, other.png)).not.toBe(0)
})

it('a transparent picture is empty around its things', async () => {
  const { png } = await composer.compose({ ...fox, isTransparent: true })
  const { data } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
  expect(data[3]).toBe(0)
  expect((await sharp(png).stats()).channels[3]?.max).toBe(255)
})

it('a picture can be had as JPEG and WebP', async () => {
  const { png } = await composer.compose(fox)
  for (const format of ['jpeg', 'webp'] as const) {
    const described = await sharp(await encodePicture(png, format, 80)).metadata()
    expect([described.format, described.width]).toEqual([format, 256])
  }
})

it('any prompt gives a valid picture of the size asked for', async () => {
  const seed = Date.now() & 0xffff
  const words = fc.constantFrom(
    ...vocabulary.nounOfWord.keys(),
    ...'a two red under on behind and night snow forest left of "sign" twelve huge zeppelin , . \' " 99'.split(
      ' ',
    ),
  )
  const prompts = fc.oneof(
    fc.array(words, { maxLength: 25 }).map((list) => list.join(' ')),
    fc.string({ maxLength: 80, unit: 'binary' }),
  )
  const side = fc.integer({ min: 64, max: 320 })
  await fc.assert(
    fc.asyncProperty(prompts, side, side, fc.integer(), async (prompt, width, height, pictureSeed) => {
      const { png } = await composer.compose({ prompt, width, height, seed: pictureSeed })
      const described = await sharp(png).metadata()
      expect([described.format, described.width, described.height], `seed ${seed}`).toEqual([
        'png',
        width,
        height,
      ])
    }),
    { numRuns: 150, seed, verbose: true },
  )
})

describe('invalid', () => {
  it.each([[{ width: 63 }], [{ height: 2049 }], [{ width: 100.5 }], [{ seed: 0.5 }], [{ timeoutMs: 0 }]])(
    '%j is refused',
    async (wrong) => {
      await expect(composer.compose({ ...fox, ...wrong })).rejects.toMatchObject({ fault: 'invalid' })
    },
  )
})

describe('becoming invalid', () => {
  it('a renderer that is killed fails its picture clearly, and the next ones are drawn', async () => {
    const own = newComposer()
    await own.compose(fox)
    const pid = own.rendererPid
    if (pid === null) throw new Error('No renderer runs.')
    const drawing = own.compose({ ...fox, width: 2048, height: 2048, prompt: 'twelve penguins in space' })
    const next = own.compose(fox)
    process.kill(pid, 'SIGKILL')
    await expect(drawing).rejects.toMatchObject({ name: 'ImageComposerError', fault: 'crashed' })
    expect((await next).png.length).toBeGreaterThan(1000)
    expect(own.rendererPid).not.toBe(pid)
    await own.close()
  })

  it('a renderer that cannot start fails the picture clearly', async () => {
    const own = newComposer({ rendererPath: '/nonexistent/render-main.mjs', rendererExecArgv: [] })
    await expect(own.compose(fox)).rejects.toMatchObject({ fault: 'crashed' })
    await own.close()
  })

  it('a picture beyond its time is given up, and the next one is drawn', async () => {
    const own = newComposer()
    await expect(own.compose({ ...fox, timeoutMs: 1 })).rejects.toMatchObject({ fault: 'too-slow' })
    expect((await own.compose(fox)).width).toBe(256)
    await own.close()
  })

  it('a signal ends the wait with its reason', async () => {
    const own = newComposer()
    const reason = new Error('the caller left')
    const controller = new AbortController()
    const drawing = own.compose({ ...fox, signal: controller.signal })
    controller.abort(reason)
    await expect(drawing).rejects.toBe(reason)
    await expect(own.compose({ ...fox, signal: controller.signal })).rejects.toBe(reason)
    await own.close()
  })

  it('more pictures than may wait are refused', async () => {
    const own = newComposer({ waitingMax: 1 })
    const drawings = await Promise.allSettled([1, 2, 3].map((seed) => own.compose({ ...fox, seed })))
    expect(drawings.map((drawing) => drawing.status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(drawings.find((drawing) => drawing.status === 'rejected')?.reason).toMatchObject({ fault: 'busy' })
    await own.close()
  })

  it('close fails what is not ready and refuses what comes after', async () => {
    const own = newComposer()
    await own.compose(fox)
    const drawing = own.compose({ ...fox, width: 2048, height: 2048 })
    const failed = expect(drawing).rejects.toMatchObject({ fault: 'closed' })
    await own.close()
    await failed
    expect(own.rendererPid).toBe(null)
    await expect(own.compose(fox)).rejects.toMatchObject({ fault: 'closed' })
  })
})

describe('the rendering process', () => {
  const holder = `
    const { fork } = require('node:child_process')
    const child = fork(${JSON.stringify(composerFiles.rendererPath)}, [], {
      execArgv: ${JSON.stringify(composerFiles.rendererExecArgv)},
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const ask = () => child.send({ id: 1, svg: '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>', width: 64, height: 64, fontFiles: [] })
    let answers = 0
    child.on('message', (reply) => {
      answers++
      if (answers === 1) {
        child.kill('SIGINT')
        child.kill('SIGTERM')
        ask()
      } else process.stdout.write('png' in reply ? 'alive' : 'no picture')
    })
    ask()
  `
  it('ignores SIGINT and SIGTERM, and ends when its parent is killed', async () => {
    const parent = spawn(process.execPath, ['-e', holder], { stdio: ['ignore', 'pipe', 'pipe'] })
    const [told] = await once(parent.stdout, 'data')
    expect(String(told)).toBe('alive')
    // Which of the two is told first is not said.
    const ended = once(parent, 'exit')
    // The rendering process holds the same pipe: it closes when that process has ended too.
    const closed = once(parent.stderr.resume(), 'close')
    parent.kill('SIGKILL')
    expect(await ended).toEqual([null, 'SIGKILL'])
    await closed
  })
})
