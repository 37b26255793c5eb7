/**
 * CPU of one chat request as the gateway grows: accounts, miners of a subnet, subnets. Everything but the wire is real: purse on the
 * embedded store, meter, gate, ranking, lanes; the miners answer at once. Sizes take turns and the least of each counts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createO200kTokenizer } from '../../adapters/tokens/o200k.ts'
import { createGate } from '../../routers/gate/choose.ts'
import { MINER_HEALTH, MinerHealth } from '../../routers/miners/health.ts'
import { createMinerRanking, RANKING } from '../../routers/miners/rank.ts'
import { createMeter } from '../../src/billing/meter.ts'
import { parsePrices } from '../../src/billing/prices.ts'
import { createPurse } from '../../src/billing/purse.ts'
import { systemTiming } from '../../src/billing/timing.ts'
import { type ChatOrder, complete } from '../../src/inference/complete.ts'
import { Performer } from '../../src/inference/perform.ts'
import { Directory } from '../../src/network/directory.ts'
import { parseSubnetsFile } from '../../src/network/subnets-file.ts'
import type { Dialect } from '../../src/ports/miner.ts'
import type { Store } from '../../src/ports/store.ts'
import { openEmbeddedAt } from '../../test/adapters/store/stores.ts'
import { type Customer, newCustomer } from '../../test/contract/money.ts'
import { writeTable } from '../../test/drills/tables.ts'
import { aMetagraph, aNeuron } from '../../test/fakes/metagraph.ts'

type Size = {
  readonly name: string
  readonly accounts: number
  /** Who of them asks: a key that asks often draws from a spend lease, one that asks seldom holds for each request. */
  readonly active: number
  readonly miners: number
  readonly subnets: number
}

const SMALL = { accounts: 10, active: 10, miners: 8, subnets: 3 }
const SIZES: readonly Size[] = [
  { name: 'small', ...SMALL },
  { name: '10,000 accounts, 10 active', ...SMALL, accounts: 10_000 },
  { name: '10,000 accounts, all active', ...SMALL, accounts: 10_000, active: 10_000 },
  { name: '256 miners a subnet', ...SMALL, miners: 256 },
  { name: '128 subnets', ...SMALL, subnets: 128 },
  { name: 'all of it, 10 active', ...SMALL, accounts: 10_000, miners: 256, subnets: 128 },
]
const IN_FLIGHT = 64

export async function measureGrowth({
  rounds,
  requests,
}: {
  readonly rounds: number
  readonly requests: number
}): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'yumagate-bench-'))
  const { store } = await openEmbeddedAt(directory)
  try {
    const customers: Customer[] = []
    while (customers.length < 10_000) customers.push(await newCustomer(store, 0n))
    for (const customer of customers) await credit(store, customer)
    const cores = await Promise.all(SIZES.map((size) => core(store, size)))
    const least = SIZES.map(() => Number.POSITIVE_INFINITY)
    for (let round = -1; round < rounds; round += 1) {
      for (const [index, size] of SIZES.entries()) {
        const work = { customers: pickActive(customers, size), requests }
        const cpuUs = await slice(cores[index] ?? (() => Promise.reject(new Error('no core'))), work)
        // The first round warms up.
        if (round >= 0) least[index] = Math.min(least[index] ?? cpuUs, cpuUs)
      }
    }
    const base = least[0] ?? 1
    return writeTable(
      [
        ['size', ({ size }) => size.name],
        ['accounts', ({ size }) => size.accounts],
        ['active', ({ size }) => size.active],
        ['miners a subnet', ({ size }) => size.miners],
        ['subnets', ({ size }) => size.subnets],
        ['CPU µs a request', ({ cpuUs }) => cpuUs.toFixed(0)],
        ['against small', ({ cpuUs }) => `${(cpuUs / base).toFixed(2)} ×`],
      ],
      SIZES.map((size, index) => ({ size, cpuUs: least[index] ?? 0 })),
    )
  } finally {
    await store.lifecycle.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Spread over all there are. */
function pickActive(customers: readonly Customer[], { accounts, active }: Size): readonly Customer[] {
  return customers.slice(0, accounts).filter((_, index) => index % (accounts / active) === 0)
}

let block = 0

async function credit(store: Store, { accountId }: Customer): Promise<void> {
  const { depositAddress } = await store.accounts.get(accountId)
  block += 1
  const from = await store.deposits.readCursor()
  const to = { genesisHash: '0xgenesis', number: block, hash: `0x${block}` }
  await store.deposits.credit(from, to, [
    { eventIndex: 0, from: 'bench', to: depositAddress, amountRao: 10n ** 12n },
  ])
}

/** @returns what performs one request of an account */
async function core(store: Store, { miners, subnets }: Size): Promise<(customer: Customer) => Promise<void>> {
  const directory = new Directory({ file: subnetsFile(subnets), bearers: new Map() })
  for (let netuid = 1; netuid <= subnets; netuid += 1) {
    const neurons = Array.from({ length: miners }, (_, uid) =>
      aNeuron(uid + 1, {
        incentive: 100 + uid * 10,
        axon: { ip: `8.8.${netuid}.${uid % 250}`, port: 9000, ipType: 4, version: 10_002_000 },
      }),
    )
    directory.take(aMetagraph({ netuid, neurons, block: 1 }))
  }
  const performer = new Performer({
    directory,
    gate: createGate(),
    ranking: createMinerRanking({ random: Math.random, ...RANKING }),
    records: new MinerHealth({ nowMs: systemTiming.monotonicMs, ...MINER_HEALTH }),
    dialects: new Map([['openai', INSTANT]]),
    nowMs: systemTiming.monotonicMs,
  })
  const purse = createPurse({
    ledger: store.ledger,
    timing: systemTiming,
    random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    log: { debug() {}, info() {}, warn: console.warn, error: console.error },
    readGenesisHash: () => null,
  })
  const meter = createMeter(createO200kTokenizer())
  await meter.ready()
  const prices = parsePrices(PRICES)
  const options = { performer, purse, meter, readPrices: () => prices, holdTtlMs: 60_000, wallMs: Date.now }
  const signal = new AbortController().signal
  const model = directory.find('model-1')[0]
  if (!model) throw new Error('no model')
  const order: ChatOrder = {
    body: {
      model: 'model-1',
      messages: [{ role: 'user', content: 'Tell me about the river and the fox.' }],
      max_tokens: 64,
    },
    ...{ text: null, pictures: [], model, capability: 'chat' },
  }
  return async ({ accountId, keyId }) => {
    requests += 1
    const caller = { accountId, keyId, depositAddress: '5Deposit', requestId: `req_bench_${requests}` }
    await complete({ ...caller, costMaxRao: null, rules: null, rate: null }, order, { ...options, signal })
  }
}

let requests = 0

const ANSWER = JSON.stringify({
  ...{ id: 'x', object: 'chat.completion', created: 1, model: 'any' },
  choices: [
    { index: 0, message: { role: 'assistant', content: 'The fox sat by the river.' }, finish_reason: 'stop' },
  ],
})

/** Miners that answer at once, without a wire. */
const INSTANT: Dialect = {
  name: 'openai',
  capabilities: ['chat'],
  attempt: async () => ({ kind: 'chat', json: ANSWER }),
  close: async () => {},
}

const PRICES = {
  'model-1': [
    { meter: 'input_token', rao: '3', per: '1' },
    { meter: 'output_token', rao: '9', per: '1' },
  ],
}

/** Each subnet an expert with a model of its own. */
const subnetsFile = (subnets: number) =>
  parseSubnetsFile(
    JSON.stringify({
      version: 1,
      experts: Array.from({ length: subnets }, (_, index) => ({
        name: `expert-${index + 1}`,
        netuid: index + 1,
        dialect: 'openai',
        concurrencyPerMiner: 64,
        models: [{ id: `model-${index + 1}`, capabilities: ['chat'] }],
      })),
      prices: Object.fromEntries(
        Array.from({ length: subnets }, (_, index) => [`model-${index + 1}`, PRICES['model-1']]),
      ),
    }),
  )

type Slice = { readonly customers: readonly Customer[]; readonly requests: number }

/** @returns CPU microseconds of this process a request, the database's thread included */
async function slice(
  perform: (customer: Customer) => Promise<void>,
  { customers, requests: count }: Slice,
): Promise<number> {
  const before = process.cpuUsage()
  let started = 0
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (started < count) {
        // In a stride, so that no account has two in a row.
        const customer = customers[(started * 7) % customers.length]
        started += 1
        if (customer) await perform(customer)
      }
    }),
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}
