/** `npm run drill`: breaks what can break under load, and prints what was lost. Exit 1 when anything was. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { built } from '../e2e/gateway.ts'
import { drillKills, type KillsReport } from './kills.ts'
import { drillLastRao, type LastRao } from './last-rao.ts'
import { drillOutages, type Outage } from './outages.ts'
import { seeded } from './random.ts'
import { drillSoak, GROWTH_MAX, type SoakReport } from './soak.ts'
import { drawSoak } from './soak-plot.ts'
import { openEmbeddedStage, openServersStage, type Stage } from './stage.ts'
import { type Column, writeTable } from './tables.ts'

const USAGE = `npm run drill -- [kills|outages|last-rao|soak …] [options]

  kills      kill -9 at random moments: of the gateway, embedded; of gateways, worker and both, on Postgres and Redis
  outages    Postgres and Redis restarted, flushed, cut off
  last-rao   funds, and a key's budget, for exactly 50 worst cases; 200 requests at once at two gateways
  soak       mixed load at half of what saturates: memory, files, loop delay must not grow; draws docs/soak.svg (not part of a run without names)

  --kills N       kills on each back end (default 200)
  --only NAME     kills: embedded or servers
  --away-s N      outages: how long the network is away (default 30)
  --minutes N     soak: for how long (default 60)
  --seed N        the same random moments again (default: of the clock; printed)
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '200' },
    only: { type: 'string' },
    'away-s': { type: 'string', default: '30' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const progress = (line: string) => void process.stderr.write(`${line}\n`)
const print = (text: string) => void process.stdout.write(text)

/** Each prints its table. @returns what is wrong, in words */
const DRILLS: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  async kills() {
    const reports: KillsReport[] = []
    for (const [name, open] of Object.entries({ embedded: openEmbeddedStage, servers: openServersStage })) {
      if (values.only !== undefined && values.only !== name) continue
      const kills = Number(values.kills)
      reports.push(await on(open(), (stage) => drillKills(stage, { kills, random: seeded(seed), progress })))
    }
    print(`\n## Kills (seed ${seed})\n\n${writeTable(REPORT, reports)}`)
    return reports.flatMap(({ problems }) => problems)
  },
  async outages() {
    const awayMs = Number(values['away-s']) * 1000
    const { outages, report } = await on(openServersStage(), (stage) =>
      drillOutages(stage, { random: seeded(seed), awayMs, progress }),
    )
    print(`\n## Outages (seed ${seed})\n\n${writeTable(OUTAGE, outages)}\n${writeTable(REPORT, [report])}`)
    return report.problems
  },
  async 'last-rao'() {
    const bursts = await drillLastRao()
    print(`\n## The last rao\n\n${writeTable(BURST, bursts)}`)
    return bursts.flatMap(({ what, served, paidFor, heldRao }) => [
      ...(served === paidFor ? [] : [`${what}: ${served} served, ${paidFor} paid for`]),
      ...(heldRao === '0' ? [] : [`${what}: ${heldRao} rao still held`]),
    ])
  },
  async soak() {
    const minutes = Number(values.minutes)
    const open = values.only === 'servers' ? openServersStage : openEmbeddedStage
    const { soak, name } = await on(open(), async (stage) => ({
      name: stage.name,
      soak: await drillSoak(stage, { minutes, random: seeded(seed), progress }),
    }))
    const title = `${minutes} minutes of mixed load, ${soak.perSecond.toFixed(0)} answers a second, ${name}`
    writeFileSync(join(import.meta.dirname, '../../docs/soak.svg'), drawSoak(soak.samples, title))
    print(`\n## ${title} (seed ${seed})\n\n${writeTable(SOAK, [soak])}\n${writeTable(REPORT, [soak.report])}`)
    const grown = Object.entries(soak.growth).filter(([, growth]) => growth > GROWTH_MAX)
    return [
      ...soak.report.problems,
      ...grown.map(([what, growth]) => `${what} grew ${growth.toFixed(2)} times`),
    ]
  },
}

const SOAK: readonly Column<SoakReport>[] = [
  ['memory, last third against the one before', ({ growth }) => `${growth.memory.toFixed(2)} ×`],
  ['open files', ({ growth }) => `${growth.openFiles.toFixed(2)} ×`],
  ['loop delay', ({ growth }) => `${growth.loopDelay.toFixed(2)} ×`],
  [
    'data an answer, second and last third',
    ({ dataKbPerAnswer: [a, b] }) => `${a.toFixed(1)} / ${b.toFixed(1)} kB`,
  ],
]

const REPORT: readonly Column<KillsReport>[] = [
  ['back end', ({ stage }) => stage],
  ['kills', ({ kills }) => kills],
  ['answers', ({ answers }) => answers],
  ['runs', ({ runs }) => runs],
  ['deposits', ({ deposits }) => deposits],
  ['answers lost', ({ lostReceipts }) => lostReceipts],
  ['runs lost', ({ lostRuns }) => lostRuns],
  ['charged twice', ({ doubleCharges }) => doubleCharges],
  ['without receipt', ({ withoutReceipt }) => withoutReceipt],
  ['deposits lost / double', ({ lostDeposits, doubleDeposits }) => `${lostDeposits} / ${doubleDeposits}`],
  ['holds left', ({ holdsLeft }) => holdsLeft],
  ['books', ({ booksBalance }) => (booksBalance ? 'balance' : 'do not balance')],
  ['cut off after the commit', ({ cutOff }) => cutOff],
  ['refused', ({ refusals }) => refusals],
]

const OUTAGE: readonly Column<Outage>[] = [
  ['fault', ({ name }) => name],
  ['served again after', ({ backAfterS }) => `${backAfterS.toFixed(1)} s`],
  ['answers meanwhile', ({ answers }) => answers],
  ['refused meanwhile', ({ refusals }) => refusals],
]

const BURST: readonly Column<LastRao>[] = [
  ['limit', ({ what }) => what],
  ['asked', ({ asked }) => asked],
  ['paid for', ({ paidFor }) => paidFor],
  ['served', ({ served }) => served],
  ['refused', ({ refused }) => refused],
  ['available after', ({ availableRao }) => availableRao],
  ['held after', ({ heldRao }) => heldRao],
  ['spent', ({ spentRao }) => spentRao],
]

async function on<Result>(opening: Promise<Stage>, work: (stage: Stage) => Promise<Result>): Promise<Result> {
  const stage = await opening
  try {
    return await work(stage)
  } finally {
    await stage.remove()
  }
}

async function main(): Promise<number> {
  const chosen = positionals.length > 0 ? positionals : ['kills', 'outages', 'last-rao']
  const unknown = chosen.filter((name) => !DRILLS[name])
  if (values.help || unknown.length > 0) {
    print(unknown.length > 0 ? `There is no drill ${unknown.join(', ')}.\n\n${USAGE}` : USAGE)
    return unknown.length > 0 ? 2 : 0
  }
  await built()
  progress(`drill, seed ${seed}`)
  let failed = 0
  for (const name of chosen) {
    const problems = (await DRILLS[name]?.()) ?? []
    for (const problem of problems.slice(0, 20)) print(`- WRONG: ${problem}\n`)
    if (problems.length > 0) failed += 1
  }
  print(failed === 0 ? '\nNothing was lost.\n' : '\nSomething was lost: see above.\n')
  print(`${chosen.length - failed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
