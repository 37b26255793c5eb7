/** A PostgreSQL server of a drill's own, from Debian's programs, that can be restarted as roughly as a machine would. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../adapters/queue/redis-server.ts'
import { postgresPrograms } from '../compose/run-natively.ts'

export type OwnPostgres = {
  readonly port: number
  url(database?: string): string
  /** Ends it at once, as a crash does (`SIGQUIT`), and starts it again after `awayMs`. */
  restart(awayMs: number): Promise<void>
  stop(): Promise<void>
}

/** Who the server runs as: it refuses to be root. */
function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const read = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: read('-u'), gid: read('-g') }
}

/** @throws Error when Debian's PostgreSQL is not installed */
export async function startPostgres(): Promise<OwnPostgres> {
  const programs = postgresPrograms()
  if (programs === null) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  const as = serverUser()
  const folder = mkdtempSync(join(tmpdir(), 'yumagate-postgres-'))
  chmodSync(folder, 0o755)
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (as.uid !== undefined && as.gid !== undefined) chownSync(data, as.uid, as.gid)
  const init = spawnSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'],
    { ...as, cwd: '/', encoding: 'utf8' },
  )
  if (init.status !== 0) throw new Error(`initdb: ${init.stderr}`)
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200']
  const start = async (): Promise<ChildProcess> => {
    const words = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
    const child = spawn(join(programs, 'postgres'), words, { ...as, cwd: '/', stdio: 'ignore' })
    for (;;) {
      const { status } = spawnSync(join(programs, 'pg_isready'), [
        '-q',
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
      ])
      if (status === 0) return child
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`)
      await new Promise((done) => setTimeout(done, 50))
    }
  }
  let child = await start()
  const end = async (signal: NodeJS.Signals) => {
    const ended = new Promise((done) => child.once('exit', done))
    child.kill(signal)
    await ended
  }
  return {
    port,
    url: (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`,
    async restart(awayMs) {
      await end('SIGQUIT')
      await new Promise((done) => setTimeout(done, awayMs))
      child = await start()
    },
    async stop() {
      await end('SIGINT')
      if (statSync(folder).isDirectory()) rmSync(folder, { recursive: true, force: true })
    },
  }
}
