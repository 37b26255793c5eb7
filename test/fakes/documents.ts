/** Small documents in memory, as JSON text like the real ones. */
import type { Documents } from '../../src/ports/store.ts'
import { isoOf } from './books.ts'

export function fakeDocuments(now: () => number): Documents {
  const documents = new Map<string, { readonly text: string; readonly writtenAt: string }>()
  return {
    async read(name) {
      const found = documents.get(name)
      return found ? { json: JSON.parse(found.text), writtenAt: found.writtenAt } : null
    },
    async write(name, json) {
      documents.set(name, { text: JSON.stringify(json), writtenAt: isoOf(now()) })
    },
    async writeFirst(name, json) {
      const found = documents.get(name) ?? { text: JSON.stringify(json), writtenAt: isoOf(now()) }
      documents.set(name, found)
      return JSON.parse(found.text)
    },
  }
}
