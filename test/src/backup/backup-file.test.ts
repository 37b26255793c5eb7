import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { openBackup } from '../../../src/backup/backup-file.ts'
import { writeBackup } from '../../../src/backup/write-backup.ts'
import { GatewayError } from '../../../src/errors.ts'
import { BackupError, type BackupMoment, type StoreBackup } from '../../../src/ports/backup.ts'
import { fakeBlobs } from '../../fakes/blobs.ts'

const MOMENT: BackupMoment = {
  migrations: ['0001-money'],
  madeAt: '2026-11-25T10:00:00.000001Z',
  cursor: { genesisHash: '0xabc', number: 7, hash: '0xdef' },
  watermarks: { txn: '9007199254740993' },
}
const BIG = '{"number":9007199254740993,"text":"☃ \\n line"}'

const source = (tables: Readonly<Record<string, readonly string[]>>): Pick<StoreBackup, 'read'> => ({
  async read(reader) {
    await reader.moment(MOMENT)
    for (const [table, lines] of Object.entries(tables)) await reader.rows(table, lines)
  },
})

async function make(tables: Readonly<Record<string, readonly string[]>>, blobs = fakeBlobs()) {
  const parts: Uint8Array[] = []
  await writeBackup(
    { backup: source(tables), blobs, version: '1.2.3' },
    async (part) => void parts.push(part),
  )
  return Buffer.concat(parts)
}

const bytesOf = (file: Buffer, partBytes: number) =>
  async function* () {
    for (let at = 0; at < file.length; at += partBytes) yield file.subarray(at, at + partBytes)
  }

async function read(file: Buffer, partBytes = 1000) {
  const rows: string[] = []
  const contents = new Map<string, Uint8Array | null>()
  const opened = await openBackup(bytesOf(file, partBytes))
  await opened.source.play({
    rows: async (table, lines) => void rows.push(...lines.map((line) => `${table} ${line}`)),
    content: async ({ key, bytes }) => void contents.set(key, bytes),
  })
  return { ...opened, rows, contents }
}

it('rows and contents come out as they went in, whatever the parts that the bytes come in', async () => {
  const blobs = fakeBlobs()
  const bytes = randomBytes(1_700_001)
  await blobs.write('file-a', bytes)
  await blobs.write('file-c', new Uint8Array())
  const files = ['file-a', 'file-b', 'file-c'].map((id) => JSON.stringify({ id }))
  const file = await make({ account: [BIG, BIG], empty: [], file: files }, blobs)
  for (const partBytes of [255, 70_000, file.length]) {
    const { gateway, moment, counts, rows, contents } = await read(file, partBytes)
    expect({ gateway, moment }).toEqual({ gateway: '1.2.3', moment: MOMENT })
    expect([...counts]).toEqual([
      ['account', 2],
      ['file', 3],
    ])
    expect(rows.slice(0, 2)).toEqual([`account ${BIG}`, `account ${BIG}`])
    expect(Buffer.from(contents.get('file-a') ?? []).equals(bytes)).toBe(true)
    // Removed by its owner between its row and its content.
    expect(contents.get('file-b')).toBeNull()
    expect(contents.get('file-c')).toHaveLength(0)
  }
})

it('any tool that reads gzip shows all lines, each of them JSON', async () => {
  const lines = gunzipSync(await make({ account: [BIG] }))
    .toString()
    .trim()
    .split('\n')
  expect(lines.map((line) => JSON.parse(line)).at(-1)).toEqual([
    'end',
    { lines: 3, sha256: expect.any(String) },
  ])
})

it('property: a file with any bit changed, cut off anywhere, or longer, is refused', async () => {
  const file = await make({
    account: Array.from({ length: 50 }, () => `{"a":"${randomBytes(20).toString('hex')}"}`),
  })
  await read(file)
  const refuse = (damaged: Buffer, what: string) =>
    expect(openBackup(bytesOf(damaged, 1000)), what).rejects.toBeInstanceOf(BackupError)
  for (let at = 0; at < file.length; at += 1) {
    const flipped = Buffer.from(file)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    await refuse(flipped, `bit ${at % 8} of byte ${at}`)
    await refuse(file.subarray(0, at), `cut at ${at}`)
  }
  await refuse(Buffer.concat([file, Buffer.from([0])]), 'longer by one')
  await refuse(Buffer.concat([file, file]), 'twice')
})

it('a whole file of something else, or of a newer format, is refused with the reason', async () => {
  const strange: Pick<StoreBackup, 'read'> = {
    read: (reader) => reader.moment({ ...MOMENT, version: 2 } as BackupMoment),
  }
  const parts: Uint8Array[] = []
  const blobs = fakeBlobs()
  await writeBackup({ backup: strange, blobs, version: '9' }, async (part) => void parts.push(part))
  await expect(openBackup(bytesOf(Buffer.concat(parts), 1000))).rejects.toThrow('newer format')
})

it('a reader that leaves ends the reading of the store', async () => {
  const rows = Array.from({ length: 2_000 }, () => `{"a":"${randomBytes(2_000).toString('hex')}"}`)
  let pages = 0
  const endless: Pick<StoreBackup, 'read'> = {
    async read(reader) {
      await reader.moment(MOMENT)
      for (;;) {
        await reader.rows('account', rows)
        pages += 1
      }
    },
  }
  let parts = 0
  const leaving = writeBackup({ backup: endless, blobs: fakeBlobs(), version: '1' }, async () => {
    parts += 1
    if (parts === 3) throw new Error('the reader has left')
  })
  await expect(leaving).rejects.toThrow('the reader has left')
  expect(pages).toBeLessThan(20)
})

it('a store or a file that cannot be read fails the backup with its own error', async () => {
  const broken: Pick<StoreBackup, 'read'> = {
    read: () => Promise.reject(new GatewayError('ledger_unavailable', 'gone')),
  }
  const write = async () => undefined
  await expect(writeBackup({ backup: broken, blobs: fakeBlobs(), version: '1' }, write)).rejects.toThrow(
    'gone',
  )
  const blobs = { read: () => Promise.reject(new Error('disk')) }
  const backup = source({ file: ['{"id":"file-a"}'] })
  await expect(writeBackup({ backup, blobs, version: '1' }, write)).rejects.toThrow('disk')
})
