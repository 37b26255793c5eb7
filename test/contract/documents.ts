/** What every keeper of small documents promises. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Documents } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { unique } from './money.ts'

export function documentsContract(name: string, { make }: Pick<StoreContract, 'make'>): void {
  describe(`documents: ${name}`, () => {
    let documents: Documents
    beforeAll(async () => {
      documents = (await make()).documents
    })

    it('a document is read as it was written, members in their order', async () => {
      const key = unique()
      const json = { z: 1, a: [null, 1.5, 'é\u0000"'], nested: { deep: true } }
      await documents.write(key, json)
      const read = await documents.read(key)
      expect(JSON.stringify(read?.json)).toBe(JSON.stringify(json))
      expect(new Date(read?.writtenAt ?? '').toISOString()).toBe(read?.writtenAt)
    })

    it('a document that was never written is null', async () => {
      expect(await documents.read(unique())).toBeNull()
    })

    it('writing again replaces the whole', async () => {
      const key = unique()
      await documents.write(key, { a: 1, b: 2 })
      await documents.write(key, { a: 3 })
      expect((await documents.read(key))?.json).toEqual({ a: 3 })
    })

    it('of many who write first at once all have the same, and it stays', async () => {
      const key = unique()
      const answers = await Promise.all([1, 2, 3, 4].map((writer) => documents.writeFirst(key, { writer })))
      const first = answers[0]
      expect(answers).toEqual([first, first, first, first])
      expect(await documents.writeFirst(key, { writer: 5 })).toEqual(first)
      expect((await documents.read(key))?.json).toEqual(first)
    })

    it('what is read is a copy', async () => {
      const key = unique()
      const json = { list: [1] }
      await documents.write(key, json)
      json.list.push(2)
      expect((await documents.read(key))?.json).toEqual({ list: [1] })
    })
  })
}
