/** Questions about who waits for whom. Pure. */

/** A step and the ids of those that must have succeeded before it. */
export type Edges = { readonly id: string; readonly reads: readonly string[] }

/** Everything that waits for a step, directly or through others. */
export function listDependants(steps: readonly Edges[], stepId: string): ReadonlySet<string> {
  const found = new Set<string>()
  let before = -1
  while (found.size > before) {
    before = found.size
    for (const { id, reads } of steps) {
      if (reads.some((read) => read === stepId || found.has(read))) found.add(id)
    }
  }
  return found
}

/** Steps that wait for nothing but succeeded ones, of those that are still pending. */
export function listReady(steps: readonly Edges[], statuses: ReadonlyMap<string, string>): readonly string[] {
  return steps
    .filter(({ id, reads }) => {
      return statuses.get(id) === 'pending' && reads.every((read) => statuses.get(read) === 'succeeded')
    })
    .map(({ id }) => id)
}

/** Steps that nobody reads: what a run answers with when it does not say. */
export function listLast(steps: readonly Edges[]): readonly string[] {
  const read = new Set(steps.flatMap(({ reads }) => reads))
  return steps.filter(({ id }) => !read.has(id)).map(({ id }) => id)
}
