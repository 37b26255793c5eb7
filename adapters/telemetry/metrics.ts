/** Metrics in Prometheus' text format, by prom-client. docs/metrics.md lists them; a test compares the two. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics, PartStates } from '../../src/ports/metrics.ts'

/** Seconds: from what the gateway itself takes to what a long run of a model takes. */
const ANSWER_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const FIRST_BYTE_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** How often the delay of the event loop is looked at. */
const LOOP_PRECISION_MS = 20

/** @returns metrics of a registry of its own */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_PRECISION_MS })
  const answers = new Histogram({
    name: 'yumagate_http_request_duration_seconds',
    help: 'Answers by route and status, and what they took to their last byte.',
    labelNames: ['route', 'status'],
    buckets: ANSWER_BUCKETS_S,
    registers,
  })
  const attempts = new Counter({
    name: 'yumagate_miner_attempts_total',
    help: 'Attempts at miners by expert and outcome: whole, abandoned by the caller, or why it failed.',
    labelNames: ['expert', 'outcome'],
    registers,
  })
  const firstBytes = new Histogram({
    name: 'yumagate_miner_first_byte_seconds',
    help: 'What miners took to the first byte of their answer, by expert.',
    labelNames: ['expert'],
    buckets: FIRST_BYTE_BUCKETS_S,
    registers,
  })
  const show = createGauges(registry)
  return {
    answer({ route, status, tookMs }) {
      answers.observe({ route, status }, tookMs / 1000)
    },
    attempt({ expert, outcome, latencyMs }) {
      attempts.inc({ expert, outcome })
      if (latencyMs !== null) firstBytes.observe({ expert }, latencyMs / 1000)
    },
    async write(states) {
      show(states)
      return { type: registry.contentType, text: await registry.metrics() }
    },
  }
}

/** Gauges that are set when somebody asks: nothing is paid for them in between. What is not known is NaN, as Prometheus has it. */
function createGauges(registry: Registry): (states: PartStates) => void {
  const registers = [registry]
  const gauge = (name: string, help: string) => new Gauge({ name: `yumagate_${name}`, help, registers })
  const labelled = (name: string, label: string, help: string) =>
    new Gauge({ name: `yumagate_${name}`, help, labelNames: [label], registers })
  const ready = labelled('part_ready', 'part', 'Whether each part of readyz is ready.')
  const problem = labelled('part_problem', 'part', 'Whether each part of readyz names a problem.')
  const waiting = labelled('line_waiting', 'expert', 'Requests that wait for a miner.')
  const waitingMax = labelled('line_waiting_max', 'expert', 'Requests that may wait for a miner.')
  const inFlight = labelled('line_in_flight', 'expert', 'Attempts at miners under way.')
  const callable = labelled('miners_callable', 'expert', 'Miners that can be called.')
  const counted = (name: string, help: string) =>
    new Counter({ name: `yumagate_${name}_total`, help, registers })
  const counters = [
    ['batches', counted('ledger_batches', 'Transactions of the ledger.')],
    ['rows', counted('ledger_rows', 'Holds, charges and releases in them.')],
    ['failedBatches', counted('ledger_failed_batches', 'Transactions that failed or ended unknown.')],
  ] as const
  const ledger = [
    ['queued', gauge('ledger_queued', 'Holds, charges and releases that wait for a transaction.')],
    ['open', gauge('holds_open', 'Requests of this process whose money is held.')],
    ['leases', gauge('spend_leases', 'Spend leases of this process.')],
  ] as const
  const removed = new Counter({
    name: 'yumagate_retention_removed_total',
    help: 'What was removed by its age: runs, files, and content that no file had.',
    labelNames: ['kind'],
    registers,
  })
  const sweptAge = gauge(
    'retention_swept_age_seconds',
    'Time since this process last went through all that is kept for a time.',
  )
  const numbers = [
    ['chainHeadAgeS', gauge('chain_head_age_seconds', 'Time since a finalised block was last seen.')],
    ['snapshotAgeS', gauge('snapshot_age_seconds', 'Age of the oldest snapshot of a subnet in use.')],
    [
      'depositLagBlocks',
      gauge('deposit_lag_blocks', 'Finalised blocks whose deposits are not credited yet.'),
    ],
    ['runningRequests', gauge('http_requests_running', 'Requests whose answer is not complete.')],
    ['bodyBytes', gauge('http_body_bytes', 'Bytes of request bodies in flight.')],
  ] as const
  return (states) => {
    for (const [name, part] of Object.entries(states.parts)) {
      ready.set({ part: name }, part.ready ? 1 : 0)
      problem.set({ part: name }, part.problem === null ? 0 : 1)
    }
    for (const [expert, line] of Object.entries(states.lines)) {
      waiting.set({ expert }, line.waiting)
      waitingMax.set({ expert }, line.waitingMax)
      inFlight.set({ expert }, line.inFlight)
    }
    for (const [expert, count] of Object.entries(states.callable)) callable.set({ expert }, count)
    for (const [name, metric] of counters) {
      metric.reset()
      metric.inc(states.ledger[name])
    }
    removed.reset()
    for (const [kind, count] of Object.entries(states.retention.removed)) removed.inc({ kind }, count)
    sweptAge.set(states.retention.sweptAgeS ?? Number.NaN)
    for (const [name, metric] of ledger) metric.set(states.ledger[name])
    for (const [name, metric] of numbers) metric.set(states[name] ?? Number.NaN)
  }
}
