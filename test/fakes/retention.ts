/** What goes after a time, in memory. */
import { MADE_PURPOSE, type Retention } from '../../src/ports/retention.ts'
import type { StoredFile } from '../../src/ports/store.ts'
import type { FakeBooks } from './books.ts'
import { openDefinitions, removeEndedRuns } from './runs.ts'

export function fakeRetention(books: FakeBooks, files: Map<string, StoredFile>): Retention {
  return {
    async removeRuns({ olderThanMs, rowsMax }) {
      if (books.failure) throw books.failure
      return removeEndedRuns(books, books.now() - olderThanMs, rowsMax)
    },
    async removeFiles({ origin, olderThanMs, limit }) {
      if (books.failure) throw books.failure
      const wanted = openDefinitions(books).join()
      const old = [...files.values()]
        .filter(({ purpose }) => (purpose === MADE_PURPOSE) === (origin === 'made'))
        .filter(({ createdAt }) => Date.parse(createdAt) < books.now() - olderThanMs)
        .filter(({ id }) => !wanted.includes(id))
        .sort((a, b) => a.createdAt.localeCompare(b.createdAt))
        .slice(0, limit)
      for (const { id } of old) files.delete(id)
      return old.map(({ id }) => id)
    },
    async listUnnamed(ids) {
      return ids.filter((id) => !files.has(id))
    },
  }
}
