/** Starts and measures other processes. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const here = dirname(fileURLToPath(import.meta.url))
export const root = join(here, '..')

/** What npm start gives Node: fewer and cheaper collections of short-lived objects. */
export const NODE_FLAGS = ['--max-semi-space-size=64', '--no-parallel-scavenge']

const TASKSET = '/usr/bin/taskset'
/** Clock ticks a second in /proc, on every Linux that Node runs on. */
const TICKS = 100

/** Starts a Node program on one core and waits for its line of JSON with `ready`. */
export async function start(name, args, { core, env = {}, probe = null }) {
  const command = existsSync(TASKSET) ? [TASKSET, '-c', String(core), process.execPath] : [process.execPath]
  const child = spawn(command[0], [...command.slice(1), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (part) => {
    errors = (errors + part).slice(-4000)
  })
  const line = await new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (part) => {
      text += part
      const ready = text.split('\n').find((row) => row.startsWith('{') && row.includes('"ready":true'))
      if (ready) resolve(JSON.parse(ready))
    })
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${errors}`)))
    if (probe) void waitFor(probe).then(() => resolve({ ready: true }), reject)
  })
  return {
    name,
    pid: child.pid,
    ready: line,
    cpuMs: () => cpuMs(child.pid),
    rssMb: () => rssMb(child.pid),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve)
        child.kill('SIGTERM')
        setTimeout(() => child.kill('SIGKILL'), 10_000).unref()
      }),
  }
}

async function waitFor(url) {
  for (let i = 0; i < 150; i += 1) {
    try {
      await fetch(url)
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  throw new Error(`${url} does not answer`)
}

/** User and system CPU of a process with all its threads, milliseconds. */
export function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS
}

export function rssMb(pid) {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kb) / 1024)
}

/** Process ids of the children of a process, with the program each runs. */
export function childrenOf(pid) {
  const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  return ids.map((id) => ({
    pid: Number(id),
    program: readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0').slice(1, 2).join(' ').split('/').pop(),
  }))
}
