/**
 * What a request pays for its money: pairs of hold and settle (with a receipt of usual size) per second through a simple group
 * committer, on the embedded store with every commit synced. Run: `npx tsx bench/store.ts [pairs]`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HoldRequest, Ledger, LedgerBatch, Settlement } from '../src/ports/ledger.ts'
import { openEmbeddedAt } from '../test/adapters/store/stores.ts'
import { type Customer, holdRequest, newCustomer, receiptFor } from '../test/contract/money.ts'

const PAIRS = Number(process.argv[2] ?? 4000)
const ACCOUNTS = 16

/** Everything that arrives while a commit is under way goes into the next one. */
function committer(ledger: Ledger) {
  let waiting: {
    readonly hold: HoldRequest | null
    readonly settlement: Settlement | null
    done: () => void
  }[] = []
  let isBusy = false
  let commits = 0
  const flush = async (): Promise<void> => {
    isBusy = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 200)
      const parts: LedgerBatch = {
        holds: batch.flatMap(({ hold }) => hold ?? []),
        settlements: batch.flatMap(({ settlement }) => settlement ?? []),
        voids: [],
        captures: [],
      }
      const outcome = await ledger.commit(parts)
      commits += 1
      const isDone =
        outcome.holds.every(({ kind }) => kind === 'held') &&
        outcome.settlements.every(({ kind }) => kind === 'settled')
      if (!isDone) throw new Error('the ledger refused')
      for (const { done } of batch) done()
    }
    isBusy = false
  }
  const submit = (hold: HoldRequest | null, settlement: Settlement | null): Promise<void> =>
    new Promise((resolve) => {
      waiting.push({ hold, settlement, done: resolve })
      if (!isBusy) void flush()
    })
  return {
    hold: (hold: HoldRequest) => submit(hold, null),
    settle: (settlement: Settlement) => submit(null, settlement),
    commits: () => commits,
    reset: () => {
      waiting = []
      commits = 0
    },
  }
}

const directory = await mkdtemp(join(tmpdir(), 'yumagate-bench-'))
const opening = performance.now()
const embedded = await openEmbeddedAt(directory)
console.log(`open ${Math.round(performance.now() - opening)} ms`)
const { store } = embedded
const customers: Customer[] = []
for (let index = 0; index < ACCOUNTS; index += 1) customers.push(await newCustomer(store, 10n ** 15n))
const purse = committer(store.ledger)

async function pairs(count: number, concurrency: number): Promise<readonly number[]> {
  const latencies: number[] = []
  let started = 0
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (started < count) {
        started += 1
        const hold = holdRequest(customers[started % ACCOUNTS]!, 100_000n)
        const at = performance.now()
        await purse.hold(hold)
        await purse.settle({ holdId: hold.id, receipt: receiptFor(hold, 70_000n) })
        latencies.push(performance.now() - at)
      }
    }),
  )
  return latencies.sort((left, right) => left - right)
}

await pairs(300, 1)
await pairs(2000, 64)
for (const concurrency of [1, 16, 64]) {
  purse.reset()
  const count = concurrency === 1 ? Math.ceil(PAIRS / 8) : PAIRS
  const cpu = process.cpuUsage()
  const at = performance.now()
  const latencies = await pairs(count, concurrency)
  const elapsedMs = performance.now() - at
  const used = process.cpuUsage(cpu)
  const row = {
    concurrency,
    pairsPerSecond: Math.round((count / elapsedMs) * 1000),
    p50Ms: Number(latencies[count >> 1]?.toFixed(2)),
    p99Ms: Number(latencies[Math.floor(count * 0.99)]?.toFixed(2)),
    cpuMicrosPerPair: Math.round((used.user + used.system) / count),
    rowsPerCommit: Number(((2 * count) / purse.commits()).toFixed(1)),
    load: Number(loadavg()[0]?.toFixed(1)),
  }
  console.log(JSON.stringify(row))
}
const report = await store.ledger.verify()
console.log(report.holds ? 'the books balance' : JSON.stringify(report))
await store.lifecycle.close()
await rm(directory, { recursive: true, force: true })
