/** What every keeper of binary content promises. */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Blobs } from '../../src/ports/store.ts'

export function blobsContract(name: string, make: () => Promise<Blobs>): void {
  describe(`blobs: ${name}`, () => {
    let blobs: Blobs
    beforeAll(async () => {
      blobs = await make()
    })
    const newKey = (): string => `file-${randomBytes(9).toString('hex')}`

    it('content is read as it was written', async () => {
      const [key, bytes] = [newKey(), randomBytes(300_000)]
      await blobs.write(key, bytes)
      expect(Buffer.from(await blobs.read(key)).equals(bytes)).toBe(true)
    })

    it('nothing is content too', async () => {
      const key = newKey()
      await blobs.write(key, new Uint8Array())
      expect(await blobs.read(key)).toHaveLength(0)
    })

    it('writing again replaces the whole', async () => {
      const key = newKey()
      await blobs.write(key, Buffer.from('a long text'))
      await blobs.write(key, Buffer.from('short'))
      expect(Buffer.from(await blobs.read(key)).toString()).toBe('short')
    })

    it('who reads while others write sees one whole content', async () => {
      const key = newKey()
      await blobs.write(key, Buffer.alloc(100_000, 1))
      const writes = [2, 3, 4].map((fill) => blobs.write(key, Buffer.alloc(100_000, fill)))
      for (let time = 0; time < 20; time += 1) {
        const bytes = await blobs.read(key)
        expect(bytes).toHaveLength(100_000)
        expect(new Set(bytes).size).toBe(1)
      }
      await Promise.all(writes)
    })

    it('what is not there is not_found, and removing it is no error', async () => {
      const key = newKey()
      await expect(blobs.read(key)).rejects.toMatchObject({ code: 'not_found' })
      await blobs.remove(key)
      await blobs.write(key, Buffer.from('x'))
      await blobs.remove(key)
      await expect(blobs.read(key)).rejects.toMatchObject({ code: 'not_found' })
    })

    it.each(['', '..', '../x', 'a/b', 'a\\b', 'A', 'a.b', '.hidden', 'a b', 'a\u0000b', 'é', 'file-1\n'])(
      'the key %j leads nowhere',
      async (key) => {
        await expect(blobs.write(key, Buffer.from('x'))).rejects.toMatchObject({ code: 'internal_error' })
        await expect(blobs.read(key)).rejects.toMatchObject({ code: 'not_found' })
        await expect(blobs.remove(key)).rejects.toMatchObject({ code: 'not_found' })
      },
    )

    it('what was written longer ago is listed, each key once', async () => {
      const keys = Array.from({ length: 450 }, newKey)
      for (const key of keys) await blobs.write(key, Buffer.from('x'))
      const listed = async (ageMs: number) => {
        const found: string[] = []
        for await (const batch of blobs.listOld(ageMs)) {
          expect(batch.length).toBeLessThanOrEqual(200)
          found.push(...batch)
        }
        return found
      }
      // An age below zero is the clock turned on.
      const old = await listed(-1000)
      expect(old.filter((key) => keys.includes(key)).sort()).toEqual([...keys].sort())
      expect(await listed(3_600_000)).toEqual([])
    })

    it('what is removed while it is listed does no harm', async () => {
      for (let n = 0; n < 250; n += 1) await blobs.write(newKey(), Buffer.from('x'))
      for await (const batch of blobs.listOld(-1000)) for (const key of batch) await blobs.remove(key)
      for await (const batch of blobs.listOld(-1000)) expect(batch).toEqual([])
    })

    it('what the caller does with its bytes afterwards changes nothing', async () => {
      const [key, bytes] = [newKey(), Buffer.from('before')]
      await blobs.write(key, bytes)
      bytes.fill('x')
      expect(Buffer.from(await blobs.read(key)).toString()).toBe('before')
    })
  })
}
