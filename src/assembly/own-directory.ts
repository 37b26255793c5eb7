/** On servers nothing locks the data directory, but each process needs its own: run.json and the development network lie there. */
import { findRunning } from '../cli/run-file.ts'
import type { Config } from '../config.ts'
import { StartError } from './files.ts'

const ASK_MS = 1_000

/** @throws StartError when a gateway that answers has the directory. The embedded store has a lock of its own, which says so better. */
export async function checkOwnDirectory({ database, dataDirectory }: Config): Promise<void> {
  const running = database === null ? null : findRunning(dataDirectory)
  // The number may by now be another program's.
  if (!running || !(await answers(running.url))) return
  throw new StartError(
    `The gateway with pid ${running.pid} at ${running.url} has the data directory ${dataDirectory}. Give each process its own (YUMAGATE_DATA_DIR).`,
  )
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ASK_MS) })).ok
  } catch {
    // Nobody there: the file was left behind.
    return false
  }
}
