/** Opens PGlite on a directory so that a commit is on the disk when it is answered. */
import { fsyncSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'

/**
 * PGlite 0.5.16 never syncs: it starts PostgreSQL with `-F`, and Emscripten's NODEFS has no fsync (its fdatasync is a stub). Without
 * `-F`, with `wal_sync_method=fsync` and this stream operation, every fsync of PostgreSQL reaches the operating system.
 */
class SyncedNodeFS extends NodeFS {
  override async init(...parameters: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const result = await super.init(...parameters)
    result.emscriptenOpts.preRun?.push((module: unknown) => {
      const operations = streamOperations(module)
      operations.fsync = (stream: { readonly nfd?: number | null }) => {
        if (typeof stream.nfd === 'number') fsyncSync(stream.nfd)
        return 0
      }
    })
    return result
  }
}

/** NODEFS is not in PGlite's types: this is where its table of stream operations is found. */
function streamOperations(module: unknown): Record<string, unknown> {
  if (typeof module === 'object' && module !== null && 'NODEFS' in module) {
    const { NODEFS } = module
    if (typeof NODEFS === 'object' && NODEFS !== null && 'stream_ops' in NODEFS) {
      const { stream_ops: operations } = NODEFS
      // Checked to be an object; its members are functions that we only add to.
      if (typeof operations === 'object' && operations !== null) return operations as Record<string, unknown>
    }
  }
  throw new Error('this version of PGlite keeps its file operations elsewhere; without fsync it is not used')
}

const SETTINGS = {
  wal_sync_method: 'fsync',
  synchronous_commit: 'on',
  // 180 MB of memory in all instead of 310 MB with the default of 128 MB; the working set is small.
  shared_buffers: '16MB',
  // Segments are 1 MB: enough are kept for reuse that a busy second makes no new ones.
  min_wal_size: '32MB',
  max_wal_size: '64MB',
  // Nobody reads these statistics here, and each statement pays for them.
  track_activities: 'off',
  track_counts: 'off',
  jit: 'off',
  // BullMQ's statements name no schema and it cannot set one in a pool that it is given. Ours name theirs.
  search_path: 'bullmq,public',
}

/** Opens, and makes first when there is none. The caller holds the directory's lock. */
export async function openDatabase(directory: string): Promise<PGlite> {
  const parameters = PGlite.defaultStartParams.filter((parameter) => parameter !== '-F')
  for (const [name, value] of Object.entries(SETTINGS)) parameters.push('-c', `${name}=${value}`)
  return PGlite.create({
    fs: new SyncedNodeFS(directory),
    startParams: parameters,
    initDbStartParams: ['--wal-segsize=1'],
  })
}
