/** What every keeper of records of files promises. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Files, Store, StoredFile } from '../../src/ports/store.ts'
import type { StoreContract } from './ledger.ts'
import { newCustomer, unique } from './money.ts'

export function filesContract(name: string, { make }: Pick<StoreContract, 'make'>): void {
  describe(`files: ${name}`, () => {
    let store: Store
    let files: Files
    beforeAll(async () => {
      store = await make()
      files = store.files
    })
    const fileOf = (accountId: string, more: Partial<StoredFile> = {}): StoredFile => ({
      id: `file-${unique()}`,
      accountId,
      fileName: 'Straße "東京".wav',
      purpose: 'user_data',
      mime: 'audio/wav',
      sizeBytes: 5_000_000_000,
      sha256: 'ab'.repeat(32),
      width: null,
      height: null,
      durationSeconds: 12.345,
      createdAt: '2026-11-25T10:00:00.123Z',
      ...more,
    })

    it('a file is found as it was added', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const [sound, picture] = [
        fileOf(accountId),
        fileOf(accountId, { width: 3, height: 4, durationSeconds: null }),
      ]
      await files.add(sound)
      await files.add(picture)
      expect(await files.find(sound.id, accountId)).toEqual(sound)
      expect(await files.find(picture.id, accountId)).toEqual(picture)
    })

    it('a file id is taken once', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const file = fileOf(accountId)
      await files.add(file)
      await expect(files.add(file)).rejects.toMatchObject({ code: 'conflict' })
    })

    it('a file does not exist for other accounts', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const other = await newCustomer(store, 0n)
      const file = fileOf(accountId)
      await files.add(file)
      expect(await files.find(file.id, other.accountId)).toBeNull()
      expect(await files.remove(file.id, other.accountId)).toBe(false)
      expect(await files.list(other.accountId, 10)).toEqual([])
      expect(await files.find(file.id, accountId)).toEqual(file)
    })

    it('files are listed newest first', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const added = [fileOf(accountId), fileOf(accountId), fileOf(accountId)]
      for (const file of added) await files.add(file)
      expect(await files.list(accountId, 2)).toEqual([added[2], added[1]])
    })

    it('the bytes of an account are those of its own files, until they are removed', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const other = await newCustomer(store, 0n)
      expect(await files.sumBytes(accountId)).toBe(0)
      const [large, small] = [fileOf(accountId), fileOf(accountId, { sizeBytes: 7 })]
      for (const file of [large, small, fileOf(other.accountId)]) await files.add(file)
      expect(await files.sumBytes(accountId)).toBe(5_000_000_007)
      await files.remove(large.id, accountId)
      expect(await files.sumBytes(accountId)).toBe(7)
    })

    it('a file is removed once', async () => {
      const { accountId } = await newCustomer(store, 0n)
      const file = fileOf(accountId)
      await files.add(file)
      expect(await files.remove(file.id, accountId)).toBe(true)
      expect(await files.remove(file.id, accountId)).toBe(false)
      expect(await files.find(file.id, accountId)).toBeNull()
    })
  })
}
