/** `npm run bench -- scale [ledger|gateways|growth|runs …] [--quick]`: what changes as the gateway grows. */
import { loadavg } from 'node:os'
import { built } from '../../test/e2e/gateway.ts'
import { measureBesideRuns, measureGateways } from './gateways.ts'
import { measureGrowth } from './growth.ts'
import { measureLedger } from './ledger.ts'

const words = process.argv.slice(2)
const isQuick = words.includes('--quick')
const seconds = isQuick ? 1 : 4

const PARTS: Readonly<Record<string, { readonly title: string; readonly measure: () => Promise<string> }>> = {
  ledger: { title: 'Ledger: pairs of hold and settle', measure: () => measureLedger({ seconds }) },
  gateways: {
    title: 'One and two gateways on one Postgres and Redis, 64 connections in all',
    measure: () => measureGateways({ seconds: seconds * 2 }),
  },
  growth: {
    title: 'CPU of a request as the gateway grows',
    measure: () => measureGrowth({ rounds: isQuick ? 1 : 7, requests: isQuick ? 500 : 3_000 }),
  },
  runs: { title: 'Chat beside runs, embedded', measure: () => measureBesideRuns({ seconds: seconds * 2 }) },
}

const chosen = words.filter((word) => !word.startsWith('--'))
const unknown = chosen.filter((name) => !PARTS[name])
if (unknown.length > 0) {
  process.stderr.write(`There is no part ${unknown.join(', ')}. Parts: ${Object.keys(PARTS).join(', ')}.\n`)
  process.exit(2)
}
await built()
for (const [name, { title, measure }] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  const table = await measure()
  process.stdout.write(`\n### ${title}\n\n${table}\nLoad average ${loadavg()[0]?.toFixed(1)}.\n`)
}
