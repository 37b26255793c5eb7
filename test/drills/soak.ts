/** Hours of mixed load at half of what saturates: what a process holds must not grow after it has warmed up. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { readRunFile } from '../../src/cli/run-file.ts'
import type { RunningGateway } from '../e2e/gateway.ts'
import { concludeUnderLoad, type KillsReport } from './kills.ts'
import { startLoad } from './load.ts'
import type { Random } from './random.ts'
import type { Stage } from './stage.ts'

export type Sample = {
  readonly minute: number
  readonly memoryMb: number
  readonly openFiles: number
  /** 99th percentile of the delay of the event loop since the last look, milliseconds. */
  readonly loopDelayMs: number
  readonly dataMb: number
  readonly answers: number
}

export type SoakReport = {
  readonly report: KillsReport
  readonly samples: readonly Sample[]
  /** Last third against the third before it, of the time after the warm-up. */
  readonly growth: Readonly<Record<'memory' | 'openFiles' | 'loopDelay', number>>
  /** Kilobytes of the data directory an answer, in the second and in the last third. */
  readonly dataKbPerAnswer: readonly [number, number]
  readonly perSecond: number
}

export type SoakOptions = {
  readonly minutes: number
  readonly random: Random
  readonly progress: (line: string) => void
}

const WARM_UP_MS = 10_000
const SATURATE_MS = 20_000
const SAMPLE_MS = 5_000
const CALLERS = { chats: 4, streams: 3, runs: 1 }
/** May grow by so much from one third to the next, noise included. */
export const GROWTH_MAX = 1.1

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms))

export async function drillSoak(
  stage: Stage,
  { minutes, random, progress }: SoakOptions,
): Promise<SoakReport> {
  const pay = (amountRao: bigint) => stage.pay(stage.account.depositAddress, amountRao)
  const common = { urls: stage.urls, key: stage.account.key, random, ...CALLERS }
  const full = startLoad({ ...common, pay: null, pauseMs: 0 })
  // The experts are loaded by their first requests.
  await wait(WARM_UP_MS)
  const warm = full.acknowledged.receipts.size
  await wait(SATURATE_MS)
  const callers = CALLERS.chats + CALLERS.streams
  const saturated = (full.acknowledged.receipts.size - warm) / (SATURATE_MS / 1000)
  await full.stop()
  // A caller takes this long for one request when all are busy: pausing as long again halves the load.
  const pauseMs = Math.round((callers / saturated) * 1000)
  progress(`saturated at ${saturated.toFixed(0)} answers a second; each caller pauses ${pauseMs} ms`)
  const load = startLoad({ ...common, pay, pauseMs })
  const startMs = performance.now()
  const samples: Sample[] = []
  while (performance.now() - startMs < minutes * 60_000) {
    await wait(SAMPLE_MS)
    const minute = (performance.now() - startMs) / 60_000
    const sample = await look(stage, { minute, answers: load.acknowledged.receipts.size })
    samples.push(sample)
    if (samples.length % 12 === 0)
      progress(`${minute.toFixed(1)} min: ${sample.memoryMb.toFixed(0)} MB, ${sample.answers} answers`)
  }
  for (const [id, costRao] of full.acknowledged.receipts) load.acknowledged.receipts.set(id, costRao)
  for (const id of full.acknowledged.runs) load.acknowledged.runs.add(id)
  return {
    report: await concludeUnderLoad(stage, load, 0),
    samples,
    growth: {
      memory: ratio(samples, ({ memoryMb }) => memoryMb),
      openFiles: ratio(samples, ({ openFiles }) => openFiles),
      loopDelay: ratio(samples, ({ loopDelayMs }) => loopDelayMs),
    },
    dataKbPerAnswer: [perAnswer(third(samples, 1)), perAnswer(third(samples, 2))],
    perSecond: (samples.at(-1)?.answers ?? 0) / (minutes * 60),
  }
}

async function look(
  stage: Stage,
  { minute, answers }: { readonly minute: number; readonly answers: number },
): Promise<Sample> {
  const processes = stage.processes()
  const delays = await Promise.all(processes.map(readLoopDelayMs))
  return {
    ...{ minute, answers },
    memoryMb: sum(processes.map(({ pid }) => memoryMb(pid))),
    openFiles: sum(processes.map(({ pid }) => readdirSync(`/proc/${pid}/fd`).length)),
    loopDelayMs: Math.max(...delays),
    dataMb: sum(processes.map(({ directory }) => directoryMb(directory))),
  }
}

function memoryMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}

const directoryMb = (directory: string): number =>
  Number(execFileSync('du', ['-sk', directory], { encoding: 'utf8' }).split('\t')[0]) / 1024

async function readLoopDelayMs({ directory }: RunningGateway): Promise<number> {
  const admin = readRunFile(directory)?.admin
  if (!admin) return 0
  const answer = await fetch(`${admin.url}/metrics`, { headers: { authorization: `Bearer ${admin.token}` } })
  const seconds = /^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(await answer.text())?.[1]
  return Number(seconds ?? 0) * 1000
}

/** A third of the samples after a sixth of the time, which is the warm-up: ten minutes of an hour. */
function third(samples: readonly Sample[], index: 0 | 1 | 2): readonly Sample[] {
  const warm = samples.slice(Math.floor(samples.length / 6))
  const size = Math.floor(warm.length / 3)
  return warm.slice(index * size, (index + 1) * size)
}

function ratio(samples: readonly Sample[], read: (sample: Sample) => number): number {
  return median(third(samples, 2).map(read)) / median(third(samples, 1).map(read))
}

function perAnswer(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  if (!first || !last || last.answers === first.answers) return 0
  return ((last.dataMb - first.dataMb) * 1024) / (last.answers - first.answers)
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
