/** Requests that wait, each in the line of its account; the accounts take turns. Every operation but `remove` takes the same time however many wait. */
export class Turns<Waiter extends { readonly accountId: string }> {
  /** Keeps the order of turns. No line is empty. */
  readonly #lines = new Map<string, Waiter[]>()
  #size = 0

  /** Requests that wait. */
  get size(): number {
    return this.#size
  }

  /** Accounts that have one waiting. */
  get accountCount(): number {
    return this.#lines.size
  }

  countOf(accountId: string): number {
    return this.#lines.get(accountId)?.length ?? 0
  }

  /** To the end of its account's line. */
  push(waiter: Waiter): void {
    const line = this.#lines.get(waiter.accountId)
    if (line) line.push(waiter)
    else this.#lines.set(waiter.accountId, [waiter])
    this.#size += 1
  }

  /** The first one of the account whose turn it is; null when nobody waits. */
  head(): Waiter | null {
    return this.#lines.values().next().value?.[0] ?? null
  }

  /** Lets the next account have its turn. @param isServed - whether the head has got what it waited for, and goes */
  turn({ isServed }: { readonly isServed: boolean }): void {
    const [accountId, line] = this.#lines.entries().next().value ?? []
    if (accountId === undefined || !line) return
    this.#lines.delete(accountId)
    if (isServed) {
      line.shift()
      this.#size -= 1
    }
    if (line.length > 0) this.#lines.set(accountId, line)
  }

  /** Takes one out, wherever it stands. Does nothing when it is not there. */
  remove(waiter: Waiter): void {
    const line = this.#lines.get(waiter.accountId)
    const index = line?.indexOf(waiter) ?? -1
    if (!line || index < 0) return
    line.splice(index, 1)
    this.#size -= 1
    if (line.length === 0) this.#lines.delete(waiter.accountId)
  }
}
