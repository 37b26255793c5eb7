/** Finds the gateway that the demo talks to, or starts one for the time of the demo. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { request } from 'undici'
import type { Config } from '../../config.ts'
import { CommandError } from '../admin-client.ts'
import { findRunning } from '../run-file.ts'

export type DemoGateway = {
  readonly url: string
  readonly key: string
  /** Ends what the demo has started; does nothing to a gateway that ran before. */
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 120_000
const nothing = async () => undefined

/**
 * `YUMAGATE_URL` with `YUMAGATE_API_KEY`, else the gateway of `run.json`, else one of its own on a free port.
 *
 * @param mainFile - the program to start
 * @throws CommandError none answers, or none can be started
 */
export async function findGateway(config: Config, mainFile: string): Promise<DemoGateway> {
  const { url, apiKey } = config.client
  if (url !== null) {
    if (apiKey === null) throw new CommandError('YUMAGATE_URL is set, so YUMAGATE_API_KEY must be set too.')
    if (!(await answers(url))) throw new CommandError(`Nothing answers at ${url} (YUMAGATE_URL).`)
    return { url, key: apiKey, stop: nothing }
  }
  const run = findRunning(config.dataDirectory)
  if (run && (await answers(run.url))) {
    const key = apiKey ?? run.demoKey
    if (key === null) throw new CommandError('The running gateway has no demo key: set YUMAGATE_API_KEY.')
    return { url: run.url, key, stop: nothing }
  }
  return await startGateway(mainFile)
}

async function answers(url: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/healthz`, { headersTimeout: 3000, bodyTimeout: 3000 })
    await body.dump()
    return statusCode === 200
  } catch {
    // Nobody listens there: that is the answer.
    return false
  }
}

async function startGateway(mainFile: string): Promise<DemoGateway> {
  process.stdout.write('No gateway runs: starting one for the demo …\n')
  const child = spawn(process.execPath, [mainFile, 'start', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C reaches the whole group: the demo ends the gateway itself.
    detached: true,
  })
  const ready = await readReady(child)
  return {
    ...ready,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) {
          resolve()
          return
        }
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
      }),
  }
}

function readReady(child: ChildProcess): Promise<{ url: string; key: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGTERM')
      reject(new CommandError('The gateway was not ready after two minutes.'))
    }, START_TIMEOUT_MS)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new CommandError(`The gateway ended with ${code} before it was ready; its last lines say why.`))
    })
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{"ready":true')) return
      clearTimeout(timer)
      // Written by `writeReadyLine`.
      const { url, key } = JSON.parse(line) as { url: string; key: string | null }
      if (key === null) reject(new CommandError('The gateway has no demo key: set YUMAGATE_API_KEY.'))
      else resolve({ url, key })
    })
  })
}
