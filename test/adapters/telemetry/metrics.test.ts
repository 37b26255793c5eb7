import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createMetrics } from '../../../adapters/telemetry/metrics.ts'
import type { PartStates } from '../../../src/ports/metrics.ts'

const STATES: PartStates = {
  parts: {
    store: { ready: true, problem: null },
    chain: { ready: false, problem: 'out of reach' },
  },
  lines: { text: { waiting: 3, waitingMax: 1024, inFlight: 8 } },
  callable: { text: 7 },
  ledger: { batches: 10, rows: 40, failedBatches: 1, queued: 2, open: 5, leases: 1 },
  chainHeadAgeS: 1.5,
  snapshotAgeS: null,
  depositLagBlocks: 2,
  retention: { sweptAgeS: 60, removed: { runs: 5, files: 6, leftovers: 0 } },
  runningRequests: 4,
  bodyBytes: 1000,
}

const linesOf = async (metrics: ReturnType<typeof createMetrics>, states = STATES) =>
  (await metrics.write(states)).text.split('\n').filter((line) => line.startsWith('yumagate_'))

it('writes what was counted and the state of every part, in the text format of Prometheus', async () => {
  const metrics = createMetrics()
  metrics.answer({ route: '/v1/models', status: 200, tookMs: 3 })
  metrics.answer({ route: '/v1/models', status: 200, tookMs: 700 })
  metrics.attempt({ expert: 'text', outcome: 'whole', latencyMs: 20 })
  metrics.attempt({ expert: 'text', outcome: 'slow', latencyMs: null })
  expect((await metrics.write(STATES)).type).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = await linesOf(metrics)
  for (const line of [
    'yumagate_http_request_duration_seconds_bucket{le="0.005",route="/v1/models",status="200"} 1',
    'yumagate_http_request_duration_seconds_bucket{le="1",route="/v1/models",status="200"} 2',
    'yumagate_http_request_duration_seconds_count{route="/v1/models",status="200"} 2',
    'yumagate_miner_attempts_total{expert="text",outcome="whole"} 1',
    'yumagate_miner_attempts_total{expert="text",outcome="slow"} 1',
    'yumagate_miner_first_byte_seconds_count{expert="text"} 1',
    'yumagate_part_ready{part="store"} 1',
    'yumagate_part_ready{part="chain"} 0',
    'yumagate_part_problem{part="chain"} 1',
    'yumagate_line_waiting{expert="text"} 3',
    'yumagate_line_waiting_max{expert="text"} 1024',
    'yumagate_line_in_flight{expert="text"} 8',
    'yumagate_miners_callable{expert="text"} 7',
    'yumagate_ledger_batches_total 10',
    'yumagate_ledger_rows_total 40',
    'yumagate_ledger_failed_batches_total 1',
    'yumagate_ledger_queued 2',
    'yumagate_holds_open 5',
    'yumagate_spend_leases 1',
    'yumagate_chain_head_age_seconds 1.5',
    'yumagate_snapshot_age_seconds Nan', // As prom-client spells it; Prometheus reads any case.
    'yumagate_deposit_lag_blocks 2',
    'yumagate_retention_removed_total{kind="runs"} 5',
    'yumagate_retention_removed_total{kind="files"} 6',
    'yumagate_retention_swept_age_seconds 60',
    'yumagate_http_requests_running 4',
    'yumagate_http_body_bytes 1000',
  ]) {
    expect(lines).toContain(line)
  }
})

it('tells what is now, not what was before', async () => {
  const metrics = createMetrics()
  await metrics.write(STATES)
  const lines = await linesOf(metrics, { ...STATES, ledger: { ...STATES.ledger, batches: 11 }, bodyBytes: 0 })
  expect(lines).toContain('yumagate_ledger_batches_total 11')
  expect(lines).toContain('yumagate_http_body_bytes 0')
})

it('docs/metrics.md lists exactly the metrics that there are, with type, labels and meaning', async () => {
  const metrics = createMetrics()
  metrics.answer({ route: '/v1/models', status: 200, tookMs: 3 })
  metrics.attempt({ expert: 'text', outcome: 'whole', latencyMs: 20 })
  const { text } = await metrics.write(STATES)
  const listed = readFileSync('docs/metrics.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(listed).toEqual(describeOwn(text))
})

/** A row for each metric of our own: name, type, labels, help. */
function describeOwn(text: string): string[] {
  return [...text.matchAll(/^# HELP (yumagate_\w+) (.*)\n# TYPE \w+ (\w+)\n(.*)$/gm)].map(
    ([, name = '', help, type, sample = '']) => {
      const labels = [...sample.matchAll(/(\w+)="/g)]
        .map(([, label]) => label)
        .filter((label) => label !== 'le')
      return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`
    },
  )
}
