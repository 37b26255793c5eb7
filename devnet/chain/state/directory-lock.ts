/**
 * One process at a time in a chain's directory. The gateway that starts the chain has a lock on all of its data; this one is for the chain
 * of a gateway that was killed, which may take a moment to notice that it is alone. So it is waited for.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

type Owner = {
  readonly pid: number
  /** Start of the process, which tells it from a later one with its number; null where the system does not say. */
  readonly startedAt: string | null
}

export type LockOptions = {
  /** How long a living owner is waited for. */
  readonly waitMs: number
}

const POLL_MS = 25

/**
 * @returns releases the lock
 * @throws Error when a living process has it and keeps it
 */
export async function lockDirectory(directory: string, { waitMs }: LockOptions): Promise<() => void> {
  const path = join(directory, 'lock')
  const mine = join(directory, `lock.${process.pid}`)
  // Written beside and linked, so that nobody ever sees half a lock.
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) }))
  try {
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      if (take(mine, path)) return () => rmSync(path, { force: true })
      const owner = readOwner(path)
      if (owner && isAlive(owner)) {
        if (waitedMs >= waitMs) throw new Error(`The chain in ${directory} is run by process ${owner.pid}.`)
        await pause(POLL_MS)
      } else rmSync(path, { force: true })
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

function take(mine: string, path: string): boolean {
  try {
    linkSync(mine, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Null when it was released meanwhile, or is nothing that we wrote. */
function readOwner(path: string): Owner | null {
  try {
    const json: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof json !== 'object' || json === null || !('pid' in json) || typeof json.pid !== 'number')
      return null
    const startedAt = 'startedAt' in json && typeof json.startedAt === 'string' ? json.startedAt : null
    return { pid: json.pid, startedAt }
  } catch {
    // Not there any more, or cut off by a full disk.
    return null
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const startedAt = startOf(owner.pid)
  return (
    startedAt !== 'ended' && (startedAt === null || owner.startedAt === null || startedAt === owner.startedAt)
  )
}

/** Linux, proc(5): field 22, the start in ticks since the boot; `ended` for a process that is only still listed. Null elsewhere. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // Field 2 is the program's name in brackets and may hold spaces: count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? null)
  } catch {
    return null
  }
}
