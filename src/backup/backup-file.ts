/** A backup file as something to look at and to restore from. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type BackupContent, BackupError, type BackupMoment, type BackupSource } from '../ports/backup.ts'
import { type OpenBytes, readLines } from './read-lines.ts'
import { damaged } from './seal.ts'
import { FORMAT, FORMAT_VERSION } from './write-backup.ts'

const HEADER = z.object({
  format: z.literal(FORMAT),
  version: z.number().int(),
  gateway: z.string(),
  migrations: z.array(z.string()),
  madeAt: z.string(),
  cursor: z.object({ genesisHash: z.string(), number: z.number(), hash: z.string() }).nullable(),
  watermarks: z.record(z.string(), z.string()),
})

const MARK = z.union([
  z.tuple([z.literal('table'), z.string()]),
  z.tuple([z.literal('content'), z.string(), z.number().int().nonnegative(), z.string()]),
  z.tuple([z.literal('chunk'), z.string()]),
  z.tuple([z.literal('gone'), z.string()]),
])

export type BackupFile = {
  /** Version of the gateway that made it. */
  readonly gateway: string
  readonly moment: BackupMoment
  /** Rows by table, in their order. */
  readonly counts: ReadonlyMap<string, number>
  readonly contents: number
  readonly source: BackupSource
}

/**
 * Reads a backup from its first byte to its last.
 *
 * @param open - gives the bytes from the beginning; called here, and again when it is restored
 * @throws BackupError it is no backup, not whole, or of a newer format
 */
export async function openBackup(open: OpenBytes): Promise<BackupFile> {
  const counts = new Map<string, number>()
  let contents = 0
  const {
    gateway,
    version: _,
    format: __,
    ...moment
  } = await play(open, {
    async rows(table, lines) {
      counts.set(table, (counts.get(table) ?? 0) + lines.length)
    },
    async content({ bytes }) {
      if (bytes !== null) contents += 1
    },
  })
  const source: BackupSource = {
    moment,
    async play(target) {
      await play(open, target)
    },
  }
  return { gateway, moment, counts, contents, source }
}

async function play(open: OpenBytes, target: Parameters<BackupSource['play']>[0]) {
  let header: z.infer<typeof HEADER> | null = null
  let table: string | null = null
  const content = new ContentReader((whole) => target.content(whole))
  for await (const group of readLines(open)) {
    let rows: string[] = []
    const flush = async () => {
      if (table !== null && rows.length > 0) await target.rows(table, rows)
      rows = []
    }
    for (const line of group) {
      if (header === null) header = readHeader(line)
      else if (line.startsWith('{') && table !== null) rows.push(line)
      else {
        await flush()
        const mark = readMark(line)
        if (mark[0] === 'table') table = mark[1]
        else await content.take(mark)
      }
    }
    await flush()
  }
  await content.end()
  if (header === null) throw damaged()
  return header
}

function readHeader(line: string): z.infer<typeof HEADER> {
  const parsed = HEADER.safeParse(parse(line))
  if (!parsed.success) throw new BackupError('The file is no backup of this gateway.')
  if (parsed.data.version > FORMAT_VERSION)
    throw new BackupError('The backup has a newer format: restore it with the version that made it.')
  return parsed.data
}

function readMark(line: string): z.infer<typeof MARK> {
  const parsed = MARK.safeParse(parse(line))
  if (!parsed.success) throw damaged()
  return parsed.data
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw damaged(error)
  }
}

/** Puts the chunks of each content together and checks them. */
class ContentReader {
  readonly #done: (content: BackupContent) => Promise<void>
  #open: { readonly key: string; readonly sizeBytes: number; readonly sha256: string } | null = null
  #chunks: Buffer[] = []

  constructor(done: (content: BackupContent) => Promise<void>) {
    this.#done = done
  }

  async take(mark: Exclude<z.infer<typeof MARK>, readonly ['table', string]>): Promise<void> {
    if (mark[0] === 'chunk') {
      this.#chunks.push(Buffer.from(mark[1], 'base64'))
      return
    }
    await this.end()
    if (mark[0] === 'gone') await this.#done({ key: mark[1], bytes: null })
    else if (mark[0] === 'content') this.#open = { key: mark[1], sizeBytes: mark[2], sha256: mark[3] }
  }

  async end(): Promise<void> {
    const open = this.#open
    const bytes = Buffer.concat(this.#chunks)
    this.#open = null
    this.#chunks = []
    if (open === null) return
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (bytes.length !== open.sizeBytes || sha256 !== open.sha256) throw damaged()
    await this.#done({ key: open.key, bytes })
  }
}
