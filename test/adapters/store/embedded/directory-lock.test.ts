import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockDirectory } from '../../../../adapters/store/embedded/directory-lock.ts'
import { temporaryDirectory } from '../stores.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** What a process of this machine left behind that ended without releasing. */
async function plant(owner: Record<string, unknown>, number = 1): Promise<string> {
  await mkdir(join(directory, 'lock'), { recursive: true })
  const path = join(directory, 'lock', String(number))
  writeFileSync(path, JSON.stringify(owner))
  return path
}

async function ownOwner(): Promise<Record<string, unknown>> {
  const unlock = await lockDirectory(directory)
  const [name] = readdirSync(join(directory, 'lock'))
  const owner = JSON.parse(readFileSync(join(directory, 'lock', name!), 'utf8'))
  unlock()
  rmSync(join(directory, 'lock'), { recursive: true })
  return owner
}

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid

describe('a data directory has one process at a time', () => {
  it('a second one is refused, with the pid of the first and the directory in the message', async () => {
    const unlock = await lockDirectory(directory)
    await expect(lockDirectory(directory)).rejects.toThrow(`${directory} is in use by process ${process.pid}`)
    unlock()
  })

  it('what was released can be taken again', async () => {
    for (let time = 0; time < 3; time += 1) (await lockDirectory(directory))()
    const unlock = await lockDirectory(directory)
    await expect(lockDirectory(directory)).rejects.toThrow('in use')
    unlock()
  })

  it('another living process is refused by its pid', async () => {
    const owner = await ownOwner()
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await plant({ ...owner, pid: child.pid, startedAt: null })
    await expect(lockDirectory(directory)).rejects.toThrow(`by process ${child.pid}`)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill()
    await ended
    const unlock = await lockDirectory(directory)
    unlock()
  })

  it('the lock of a dead process is taken over', async () => {
    await plant({ ...(await ownOwner()), pid: deadPid() })
    const unlock = await lockDirectory(directory)
    await expect(lockDirectory(directory)).rejects.toThrow(`by process ${process.pid}`)
    unlock()
  })

  it('a process that has ended, but whose parent has not looked, is dead', async () => {
    const owner = await ownOwner()
    // The shell starts a child, becomes a program that never waits for it, and so leaves it a zombie.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (data) => resolve(Number(data))),
    )
    const state = (): string => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]![0]!
    while (state() !== 'Z') await new Promise((resolve) => setImmediate(resolve))
    await plant({ ...owner, pid, startedAt: null })
    const unlock = await lockDirectory(directory)
    unlock()
    parent.kill()
  })

  it('a living process that only has the number of a dead owner does not keep the lock', async () => {
    const owner = await ownOwner()
    expect(owner.startedAt).toMatch(/^[0-9a-f-]{36}:[0-9]+$/)
    await plant({ ...owner, startedAt: 'an-earlier-boot:1' })
    const unlock = await lockDirectory(directory)
    unlock()
  })

  it('an owner in another container counts as living as long as it touches its file', async () => {
    const owner = await ownOwner()
    const path = await plant({ ...owner, pidNamespace: 'another', pid: deadPid() })
    let beat = 1
    const timer = setInterval(() => utimesSync(path, beat, beat++), 5)
    await expect(lockDirectory(directory, 20)).rejects.toThrow('in use')
    clearInterval(timer)
    const unlock = await lockDirectory(directory, 20)
    unlock()
  })

  it('a file that is cut off has no owner', async () => {
    await plant({})
    const unlock = await lockDirectory(directory)
    unlock()
  })

  it('of many that find a dead owner at once exactly one succeeds it', async () => {
    const script = join(directory, 'race.mjs')
    await build({
      stdin: {
        contents: `
          import { lockDirectory } from './directory-lock.ts'
          process.stdin.once('data', async () => {
            try { await lockDirectory(process.argv[2]); process.stdout.write('locked\\n') }
            catch (error) { process.stdout.write(error.message.includes('in use') ? 'refused\\n' : error.stack + '\\n') }
          })
          process.stdout.write('ready\\n')`,
        resolveDir: join(import.meta.dirname, '../../../../adapters/store/embedded'),
        loader: 'ts',
      },
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
    })
    await plant({ ...(await ownOwner()), pid: deadPid() }, 7)
    const racers = Array.from({ length: 5 }, () => {
      const child = spawn(process.execPath, [script, directory], { stdio: ['pipe', 'pipe', 'inherit'] })
      const lines: string[] = []
      const waiting: (() => void)[] = []
      child.stdout.on('data', (data: Buffer) => {
        lines.push(...data.toString().trim().split('\n'))
        for (const wake of waiting.splice(0)) wake()
      })
      const line = async (index: number): Promise<string> => {
        while (lines.length <= index) await new Promise<void>((resolve) => waiting.push(resolve))
        return lines[index]!
      }
      return { child, line }
    })
    await Promise.all(racers.map(({ line }) => line(0)))
    for (const { child } of racers) child.stdin.write('go\n')
    const outcomes = await Promise.all(racers.map(({ line }) => line(1)))
    for (const { child } of racers) child.kill()
    expect(outcomes.sort()).toEqual(['locked', 'refused', 'refused', 'refused', 'refused'])
  })
})
