/** Word error rate: how many words must be changed, left out or put in, against the number of words said. */

/** @returns errors and the number of words of `said`, split at white space; compared as they are written */
export function countWordErrors(said: string, heard: string): { errors: number; words: number } {
  const from = said.split(/\s+/).filter(Boolean)
  const to = heard.split(/\s+/).filter(Boolean)
  let row = Array.from({ length: to.length + 1 }, (_, j) => j)
  from.forEach((word, i) => {
    const next = [i + 1]
    to.forEach((other, j) => {
      const change = (row[j] ?? 0) + (word === other ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    })
    row = next
  })
  return { errors: row[to.length] ?? 0, words: from.length }
}
