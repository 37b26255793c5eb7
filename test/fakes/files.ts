/** Records of stored files in memory. */
import { GatewayError } from '../../src/errors.ts'
import type { Files, StoredFile } from '../../src/ports/store.ts'

/** @param files - where the records lie, by id */
export function fakeFiles(files = new Map<string, StoredFile>()): Files {
  const find = (fileId: string, accountId: string): StoredFile | null => {
    const file = files.get(fileId)
    return file?.accountId === accountId ? file : null
  }
  return {
    async add(file) {
      if (files.has(file.id)) throw new GatewayError('conflict', 'That file exists.')
      files.set(file.id, file)
    },
    async find(fileId, accountId) {
      return find(fileId, accountId)
    },
    async list(accountId, limit) {
      return [...files.values()]
        .filter((file) => file.accountId === accountId)
        .reverse()
        .slice(0, limit)
    },
    async sumBytes(accountId) {
      return [...files.values()].reduce(
        (sum, file) => sum + (file.accountId === accountId ? file.sizeBytes : 0),
        0,
      )
    },
    async remove(fileId, accountId) {
      return find(fileId, accountId) !== null && files.delete(fileId)
    },
  }
}
