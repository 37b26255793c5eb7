/** What every `Media` promises. The adapter only says how it is made with a limit on seconds. */
import { afterAll, describe, expect, it } from 'vitest'
import type { Media } from '../../src/ports/media.ts'

/** A WAV file, 16 kHz, mono, 16-bit, holding a 440 Hz tone. */
export function toneWav(seconds: number): Uint8Array {
  const count = Math.round(seconds * 16_000)
  const bytes = Buffer.alloc(44 + 2 * count)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(36 + 2 * count, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(16_000, 24)
  bytes.writeUInt32LE(32_000, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(2 * count, 40)
  for (let at = 0; at < count; at += 1)
    bytes.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * at) / 16_000)), 44 + 2 * at)
  return new Uint8Array(bytes)
}

/** A whole PNG of 3 x 2 red pixels. */
export const TINY_PNG = new Uint8Array(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEElEQVQImWO4IycHQQxwFgBGKAaR1B/TfwAAAABJRU5ErkJggg==',
    'base64',
  ),
)

export function mediaContract(
  name: string,
  adapter: { readonly make: (options: { readonly secondsMax: number }) => Media },
): void {
  describe(`media: ${name}`, () => {
    const media = adapter.make({ secondsMax: 5 })
    const { signal } = new AbortController()
    afterAll(() => media.close())

    it('a WAV recording comes back as 16 kHz mono with its decoded length', async () => {
      const { wav, durationSeconds, container } = await media.decodeAudio(toneWav(0.5), { signal })
      expect(container).toBe('wav')
      expect(durationSeconds).toBeCloseTo(0.5, 3)
      const view = new DataView(wav.buffer, wav.byteOffset, wav.byteLength)
      expect(Buffer.from(wav.subarray(0, 4)).toString()).toBe('RIFF')
      expect([
        view.getUint16(20, true),
        view.getUint16(22, true),
        view.getUint32(24, true),
        view.getUint16(34, true),
      ]).toEqual([1, 1, 16_000, 16])
      expect(wav.length).toBe(44 + 2 * Math.round(durationSeconds * 16_000))
    })

    it('the input is left as it was', async () => {
      const bytes = toneWav(0.1)
      await media.decodeAudio(bytes, { signal })
      expect(bytes).toEqual(toneWav(0.1))
    })

    it('a recording longer than the limit is invalid_audio that names the limit', async () => {
      await expect(media.decodeAudio(toneWav(5.1), { signal })).rejects.toMatchObject({
        code: 'invalid_audio',
        message: expect.stringContaining('5 seconds'),
      })
    })

    it('an empty file is invalid_audio', async () => {
      await expect(media.decodeAudio(new Uint8Array(), { signal })).rejects.toMatchObject({
        code: 'invalid_audio',
      })
    })

    it('a picture is invalid_audio that names the picture', async () => {
      await expect(media.decodeAudio(TINY_PNG, { signal })).rejects.toMatchObject({
        code: 'invalid_audio',
        message: expect.stringContaining('PNG picture'),
      })
    })

    it('a picture is inspected to its kind and size', async () => {
      expect(await media.inspectImage(TINY_PNG, { signal })).toEqual({
        mime: 'image/png',
        width: 3,
        height: 2,
      })
    })

    it('half a picture is invalid_image', async () => {
      await expect(media.inspectImage(TINY_PNG.subarray(0, 50), { signal })).rejects.toMatchObject({
        code: 'invalid_image',
      })
    })

    it('a recording is invalid_image', async () => {
      await expect(media.inspectImage(toneWav(0.1), { signal })).rejects.toMatchObject({
        code: 'invalid_image',
      })
    })

    it('a cancelled caller gets client_closed_request', async () => {
      const signal = AbortSignal.abort()
      await expect(media.decodeAudio(toneWav(0.1), { signal })).rejects.toMatchObject({
        code: 'client_closed_request',
      })
      await expect(media.inspectImage(TINY_PNG, { signal })).rejects.toMatchObject({
        code: 'client_closed_request',
      })
    })

    it('after close both refuse with shutting_down, and closing twice is harmless', async () => {
      const closed = adapter.make({ secondsMax: 5 })
      await closed.close()
      await closed.close()
      await expect(closed.decodeAudio(toneWav(0.1), { signal })).rejects.toMatchObject({
        code: 'shutting_down',
      })
      await expect(closed.inspectImage(TINY_PNG, { signal })).rejects.toMatchObject({ code: 'shutting_down' })
    })
  })
}
