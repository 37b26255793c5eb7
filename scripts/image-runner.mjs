/** Runs an image without a container engine: by `buildah run`, or in a mount namespace whose root cannot be written. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'

/** Longest wait for the start lines. */
const START_MS_MAX = 180_000
/** Seen now and then: the isolation cannot seal its own copy. Nothing has run yet, so it is tried again. */
const START_FAULT = 'sealing memfd copy'
const TRIES_MAX = 4

/** A port of this machine that is free now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/**
 * Starts the image's own entry point and command as its own user, and waits for the last of its start lines.
 *
 * @param image - `container` and its mounted `root`, the `config` of the image, the host's `directory` for its data, `environment`,
 *   `isReadOnly` for a root that cannot be written
 * @throws Error what it wrote, when it ended before
 */
export async function start(image) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryStart(image)
    } catch (error) {
      if (tries === TRIES_MAX || !error.message.includes(START_FAULT)) throw error
    }
  }
}

async function tryStart(image) {
  const child = image.isReadOnly ? spawnReadOnly(image) : spawnByBuildah(image)
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  const program = () => findProgram(child.pid)
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`not ready after ${START_MS_MAX / 1000} s: ${output}${errors}`))
    }, START_MS_MAX)
    child.stdout.on('data', () => {
      if (!/^ {2}curl .*images\/generations.*\n/m.test(output)) return
      clearTimeout(timer)
      resolve()
    })
    ended.then((code) => {
      clearTimeout(timer)
      reject(new Error(`ended with ${code}: ${output}${errors}`))
    })
  })
  return {
    lines: () => output,
    errors: () => errors,
    userId: () => Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${program()}/status`, 'utf8'))?.[1]),
    isRootReadOnly: () => / \/ ro[, ]/.test(readFileSync(`/proc/${program()}/mountinfo`, 'utf8')),
    /** SIGTERM to the program itself, since the isolation hands no signals on. @returns its exit code */
    async stop() {
      const pid = program()
      if (pid !== null) process.kill(pid, 'SIGTERM')
      return await ended
    },
  }
}

function spawnByBuildah({ container, config, directory, environment }) {
  const variables = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const words = [...config.Entrypoint, ...config.Cmd]
  return spawn('buildah', ['run', ...variables, '-v', `${directory}:/data`, container, '--', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** The mounts are private to the process and end with it. */
function spawnReadOnly({ root, config, directory, environment }) {
  const script = `set -e
    mount --bind "$ROOT" "$ROOT"
    mount --bind "$DATA" "$ROOT/data"
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    mount -t tmpfs tmpfs "$ROOT/tmp"
    mount -o remount,bind,ro "$ROOT"
    exec chroot --userspec=1000:1000 --groups= "$ROOT" env -i "$@"`
  const variables = [...config.Env, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)]
  const words = [...variables, 'sh', '-c', 'cd /app && exec "$@"', 'sh', ...config.Entrypoint, ...config.Cmd]
  return spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', ...words], {
    env: { PATH: process.env.PATH, ROOT: root, DATA: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** The first process below (or at) `pid` that runs Node; null when there is none. */
function findProgram(pid) {
  try {
    if (/\/node$/.test(readlinkSync(`/proc/${pid}/exe`))) return pid
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ')
      for (const child of children.filter(Boolean)) {
        const found = findProgram(Number(child))
        if (found !== null) return found
      }
    }
  } catch {
    // It ended while we looked.
  }
  return null
}
