/** `run.json` in the data directory: how commands, the demo and the tests find a running gateway. Mode 0600, since it holds keys. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const schema = z.object({
  version: z.literal(1),
  pid: z.number().int(),
  url: z.string(),
  admin: z.object({ url: z.string(), token: z.string() }),
  profile: z.string(),
  chain: z.object({ endpoints: z.array(z.string()), genesis: z.string().nullable() }),
  /** The demo account's key, in the devnet profile. */
  demoKey: z.string().nullable(),
  startedAt: z.string(),
})

export type RunFile = z.infer<typeof schema>

const fileOf = (dataDirectory: string) => join(dataDirectory, 'run.json')

export function writeRunFile(dataDirectory: string, run: RunFile): void {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  const file = fileOf(dataDirectory)
  const written = `${file}.${process.pid}`
  writeFileSync(written, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 })
  renameSync(written, file)
}

/** Removes the file, if it is still that of this process. */
export function removeRunFile(dataDirectory: string): void {
  if (readRunFile(dataDirectory)?.pid === process.pid) rmSync(fileOf(dataDirectory), { force: true })
}

/** What the last gateway on that directory wrote, whether or not it still runs; null when there is nothing readable. */
export function readRunFile(dataDirectory: string): RunFile | null {
  try {
    const parsed = schema.safeParse(JSON.parse(readFileSync(fileOf(dataDirectory), 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    // No file, or a torn one of a process that was killed: then nothing is known to run.
    return null
  }
}

/** The gateway that runs on that directory now; null when none does. Never this process: a file with its pid was left by an earlier one. */
export function findRunning(dataDirectory: string): RunFile | null {
  const run = readRunFile(dataDirectory)
  if (!run || run.pid === process.pid) return null
  try {
    process.kill(run.pid, 0)
    return run
  } catch (error) {
    // EPERM: it is alive and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? run : null
  }
}
