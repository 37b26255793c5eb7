/**
 * One process at a time in a data directory. Single-user PostgreSQL has no lock of its own: two processes on one directory lose each
 * other's rows without a word.
 *
 * The lock is the file with the highest number in `lock/`. A number is taken by an exclusive link and never used again, so of two that
 * find the same dead owner only one succeeds it.
 */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** A living owner touches its file this often; looked at only where its process cannot be seen (another container). */
const BEAT_MS = 2000

type Owner = {
  readonly pid: number
  /** Tells a process from a later one with the same number; null where the system does not say. */
  readonly startedAt: string | null
  /** Which numbering of processes `pid` belongs to: a container has its own. Null where the system does not say. */
  readonly pidNamespace: string | null
}

/**
 * @param beatMs - how often a living owner touches its file
 * @returns releases the lock
 * @throws Error when a living process has it; names its pid and the directory
 */
export async function lockDirectory(directory: string, beatMs: number = BEAT_MS): Promise<() => void> {
  const folder = join(directory, 'lock')
  mkdirSync(folder, { recursive: true })
  const self: Owner = {
    pid: process.pid,
    startedAt: processStart(process.pid),
    pidNamespace: pidNamespace(),
  }
  const mine = join(folder, `.${process.pid}.${Math.random().toString(36).slice(2)}`)
  writeFileSync(mine, JSON.stringify(self))
  try {
    for (;;) {
      const highest = highestNumber(folder)
      const owner = highest === 0 ? null : readOwner(join(folder, String(highest)))
      if (owner && (await isAlive(owner, { self, path: join(folder, String(highest)), beatMs }))) {
        throw new Error(
          `the data directory ${directory} is in use by process ${owner.pid}: stop that one first, or choose another directory`,
        )
      }
      if (take(folder, { number: highest + 1, mine })) return keep(folder, highest + 1, beatMs)
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** @returns false when another one was faster */
function take(folder: string, lock: { readonly number: number; readonly mine: string }): boolean {
  const path = join(folder, String(lock.number))
  try {
    linkSync(lock.mine, path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
  // Whoever looked long ago may have taken a number below one that was given since.
  if (highestNumber(folder) === lock.number) return true
  rmSync(path, { force: true })
  return false
}

function keep(folder: string, number: number, beatMs: number): () => void {
  const path = join(folder, String(number))
  for (const lower of numbers(folder))
    if (lower < number) rmSync(join(folder, String(lower)), { force: true })
  const timer = setInterval(() => {
    try {
      const now = new Date()
      utimesSync(path, now, now)
    } catch {
      // The directory was removed under us: the database will say so.
    }
  }, beatMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    // The number stays taken; an empty owner means that nobody has it.
    try {
      writeFileSync(`${path}.released`, '{}')
      renameSync(`${path}.released`, path)
    } catch {
      // The directory was removed: there is nothing to release.
    }
  }
}

function numbers(folder: string): readonly number[] {
  return readdirSync(folder)
    .filter((name) => /^[0-9]{1,15}$/.test(name))
    .map(Number)
}

const highestNumber = (folder: string): number => Math.max(0, ...numbers(folder))

/** Null when it was released. */
function readOwner(path: string): Owner | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // Removed since we looked, or cut off by a full disk: no living owner leaves it like that, for it appears whole.
    return null
  }
  if (typeof parsed !== 'object' || parsed === null || !('pid' in parsed) || typeof parsed.pid !== 'number')
    return null
  const text = (name: 'startedAt' | 'pidNamespace'): string | null => {
    const value: unknown = Reflect.get(parsed, name)
    return typeof value === 'string' ? value : null
  }
  return { pid: parsed.pid, startedAt: text('startedAt'), pidNamespace: text('pidNamespace') }
}

async function isAlive(
  owner: Owner,
  at: { readonly self: Owner; readonly path: string; readonly beatMs: number },
): Promise<boolean> {
  if (owner.pidNamespace !== at.self.pidNamespace) return isBeating(at.path, at.beatMs)
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const startedAt = processStart(owner.pid)
  if (startedAt === 'dead') return false
  return startedAt === null || owner.startedAt === null || startedAt === owner.startedAt
}

/** Watches the file for two and a half beats. */
async function isBeating(path: string, beatMs: number): Promise<boolean> {
  const touched = (): number | null => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null
  const before = touched()
  await pause(beatMs * 2.5)
  const after = touched()
  return after !== null && after !== before
}

/** Boot and start of a process, in ticks since that boot; `dead` when only its parent's look is missing. Null where unknown. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Linux, proc(5). Field 2 is the program's name in brackets and may hold spaces: count from behind it. Field 3 is the state,
    // Z or X for a process that has ended; field 22 the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, ticks] = [fields[0], fields[19]]
    if (state === 'Z' || state === 'X') return 'dead'
    return ticks ? `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${ticks}` : null
  } catch {
    return null
  }
}

function pidNamespace(): string | null {
  try {
    // Together with the boot: namespace numbers are given anew after one.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot}:${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return null
  }
}
