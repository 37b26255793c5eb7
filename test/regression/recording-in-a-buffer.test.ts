/** A Buffer's slice() is a view: handing its memory to a thread took it from the caller, and Node 24 refuses to hand over pooled memory. */
import { afterAll, expect, it } from 'vitest'
import { createMedia } from '../../adapters/media/index.ts'
import { toneWav } from '../contract/media.ts'

const media = createMedia({
  decodeEntry: new URL('../../adapters/media/decode-main.ts', import.meta.url),
  decodeExecArgv: ['--import', new URL('../adapters/media/typescript-thread.mjs', import.meta.url).href],
})
const { signal } = new AbortController()
afterAll(() => media.close())

it('a recording in a Buffer is still its owner’s after it was decoded', async () => {
  const tone = toneWav(1)
  const bytes = Buffer.alloc(tone.length)
  bytes.set(tone)
  await media.decodeAudio(bytes, { signal })
  expect(Buffer.from(tone).equals(bytes)).toBe(true)
})

it('a small recording, which lies in memory shared with other buffers, is told what it is instead', async () => {
  const bytes = Buffer.from('<html>no sound</html>')
  await expect(media.decodeAudio(bytes, { signal })).rejects.toMatchObject({ code: 'invalid_audio' })
})
