/** Runs the real program, as `npm start` does, for tests from outside. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

export const ROOT = resolve(import.meta.dirname, '../..')

export type RunningGateway = {
  readonly url: string
  readonly key: string
  readonly pid: number
  readonly directory: string
  readonly ready: Record<string, unknown>
  /** What it wrote on standard error. */
  readonly errors: () => string
  /** SIGTERM, then waits. @returns exit code */
  stop(): Promise<number | null>
  /** SIGKILL, then waits until it is gone. */
  kill(): Promise<void>
}

let building: Promise<unknown> | null = null

/** Bundles the program when it is stale, once per process. */
export function built(): Promise<unknown> {
  building ??= import(join(ROOT, 'build.mjs')).then(({ build }: { build: () => Promise<boolean> }) => build())
  return building
}

export const freshDirectory = () => mkdtempSync(join(tmpdir(), 'yumagate-e2e-'))

export type LaunchOptions = {
  readonly directory?: string
  readonly env?: Readonly<Record<string, string>>
  /** The command and its options; `--json` is added. */
  readonly args?: readonly string[]
}

/** Starts a gateway on a free port and waits until it is ready. */
export async function launch({
  directory = freshDirectory(),
  env = {},
  args = ['start'],
}: LaunchOptions = {}): Promise<RunningGateway> {
  await built()
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.mjs'), ...args, '--json'], {
    cwd: ROOT,
    env: { ...cleanEnvironment(), PORT: '0', YUMAGATE_DATA_DIR: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (part: Buffer) => {
    errors = (errors + part.toString()).slice(-2_000_000)
  })
  const ready = await readReady(child, () => errors)
  return {
    url: String(ready.url),
    key: String(ready.key),
    pid: child.pid ?? 0,
    directory,
    ready,
    errors: () => errors,
    stop: () => endWith(child, 'SIGTERM'),
    kill: async () => {
      await endWith(child, 'SIGKILL')
    },
  }
}

/** Runs one command to its end. */
export async function command(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await built()
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.mjs'), ...args], {
    cwd: ROOT,
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (part: Buffer) => {
    texts.stdout += part.toString()
  })
  child.stderr.on('data', (part: Buffer) => {
    texts.stderr += part.toString()
  })
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { code, ...texts }
}

export function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/** The machine's own settings must not decide a test. */
function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('YUMAGATE_') && !/^(PORT|HOST|(DATABASE|REDIS)_URL(_FILE)?)$/.test(name),
    ),
  )
}

function readReady(child: ChildProcess, errors: () => string): Promise<Record<string, unknown>> {
  return new Promise((done, fail) => {
    child.once('exit', (code) => fail(new Error(`the gateway ended with ${code}: ${errors()}`)))
    if (!child.stdout) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"ready":true')) done(JSON.parse(line))
    })
  })
}

function endWith(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      done(child.exitCode)
      return
    }
    child.once('exit', (code) => done(code))
    child.kill(signal)
  })
}
