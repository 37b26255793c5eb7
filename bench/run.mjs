/**
 * `npm run bench`: overhead of a chat completion beside peers in one run, start time, resident memory.
 *
 *   npm run bench                    all of it
 *   npm run bench -- chat            overhead beside peers
 *   npm run bench -- start           start time cold and warm, resident memory
 *   npm run bench -- plot            draw bench/chat.svg from the last chat results
 *   npm run bench -- fairness        one account's flood and a burst of runs, beside another account
 *   npm run bench -- scale           ledger pairs, one and two gateways, growth, chat beside runs; or by name: scale ledger
 *   npm run bench -- limits          memory under slow readers, idle connections, uploads and bursts at once
 *   npm run bench -- chat --quick    one short round, to see that it works
 *
 * Every system runs on core 0, load and upstream on core 1, one after another in turns; the best of the rounds counts. Read the ratios: absolute
 * times are those of one machine. CPU is user and system time of the system's process, read from /proc (Linux).
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
if (!existsSync(join(here, 'node_modules'))) {
  process.stderr.write('installing the peers (bench/package.json) …\n')
  const installed = spawnSync('npm', ['ci'], { cwd: here, stdio: 'inherit' })
  if (installed.status !== 0) process.exit(installed.status ?? 1)
}
const options = process.argv.slice(2)
const wants = (name) => options.every((option) => option.startsWith('--')) || options.includes(name)
const quick = options.includes('--quick')
if (wants('chat')) {
  const { measureChat } = await import('./chat.mjs')
  await measureChat({ quick })
}
if ((wants('chat') && !quick) || options.includes('plot')) {
  const { drawChat } = await import('./plot.mjs')
  drawChat()
}
if (wants('start')) {
  const { measureStart } = await import('./start.mjs')
  await measureStart({ quick })
}
if (options.includes('fairness')) {
  const { measureFairness } = await import('./fairness.mjs')
  await measureFairness({ quick })
}
if (options[0] === 'scale') {
  const scale = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(here, 'scale/run.ts'), ...options.slice(1)],
    { cwd: join(here, '..'), stdio: 'inherit' },
  )
  process.exitCode = scale.status ?? 1
}
if (options.includes('limits')) {
  const { measureLimits } = await import('./limits.mjs')
  await measureLimits({ quick })
}
