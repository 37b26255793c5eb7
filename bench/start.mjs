/** Start time cold (empty data directory) and warm, and resident memory after start and after 10,000 requests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { childrenOf, NODE_FLAGS, rssMb, start } from './processes.mjs'

const REQUESTS = 10_000

export async function measureStart({ quick }) {
  const directory = mkdtempSync(join(tmpdir(), 'yumagate-bench-'))
  const env = { PORT: '0', YUMAGATE_DATA_DIR: join(directory, 'data'), LOG_LEVEL: 'error' }
  const once = async () => {
    const began = performance.now()
    const gateway = await start('yumagate', [...NODE_FLAGS, 'dist/main.mjs', 'start', '--json'], {
      core: '0,1',
      env,
    })
    return { gateway, tookS: (performance.now() - began) / 1000 }
  }
  const rows = []
  try {
    const cold = await once()
    await cold.gateway.stop()
    rows.push(['start, empty data directory', `${cold.tookS.toFixed(1)} s`])
    const warm = []
    for (let i = 0; i < (quick ? 1 : 3); i += 1) {
      const { gateway, tookS } = await once()
      warm.push(tookS)
      await gateway.stop()
    }
    rows.push(['start, later', `${Math.min(...warm).toFixed(1)} s`])
    const { gateway } = await once()
    rows.push(...memory(gateway, 'after start'))
    const result = await autocannon({
      url: `${gateway.ready.url}/v1/chat/completions`,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.ready.key}` },
      body: JSON.stringify({
        model: 'yuma-text',
        messages: [{ role: 'user', content: 'What is 12 times 7?' }],
        max_tokens: 64,
      }),
      connections: 32,
      amount: quick ? REQUESTS / 10 : REQUESTS,
    })
    rows.push([`requests answered (32 at a time)`, `${result['2xx']} of ${result.requests.sent}`])
    rows.push(...memory(gateway, `after them`))
    await gateway.stop()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  process.stdout.write(
    `\n| | |\n|---|---|\n${rows.map(([what, value]) => `| ${what} | ${value} |`).join('\n')}\n`,
  )
}

function memory(gateway, when) {
  return [
    [`resident memory ${when}, gateway`, `${gateway.rssMb()} MB`],
    ...childrenOf(gateway.pid).map(({ pid, program }) => [
      `resident memory ${when}, ${program}`,
      `${rssMb(pid)} MB`,
    ]),
  ]
}
