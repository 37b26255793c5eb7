import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { directoryBlobs } from '../../../adapters/blobs/directory.ts'
import { blobsContract } from '../../contract/blobs.ts'
import { fakeBlobs } from '../../fakes/blobs.ts'

const folder = await mkdtemp(join(tmpdir(), 'yumagate-blobs-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

blobsContract('directory', async () => directoryBlobs(join(folder, 'contract')))
blobsContract('memory', async () => fakeBlobs())

it('the directory holds nothing but the content, for the owner alone', async () => {
  const directory = join(folder, 'made', 'later')
  const blobs = directoryBlobs(directory)
  await blobs.write('file-1', Buffer.from('x'))
  expect(await readdir(directory)).toEqual(['file-1'])
  expect((await stat(join(directory, 'file-1'))).mode & 0o777).toBe(0o600)
})

it('a write that fails leaves nothing behind', async () => {
  const directory = join(folder, 'failing')
  const blobs = directoryBlobs(directory)
  await blobs.write('taken', Buffer.from('x'))
  await rm(join(directory, 'taken'))
  await mkdir(join(directory, 'taken'))
  await expect(blobs.write('taken', Buffer.from('y'))).rejects.toThrow()
  expect(await readdir(directory)).toEqual(['taken'])
})

it('what a crash left half-written goes when the old is listed, and what is being written stays', async () => {
  const directory = join(folder, 'crashed')
  let aheadMs = 0
  const blobs = directoryBlobs(directory, () => Date.now() + aheadMs)
  await blobs.write('whole', Buffer.from('x'))
  await writeFile(join(directory, '.0123456789abcdef01'), 'half')
  await writeFile(join(directory, 'Not ours.txt'), 'x')
  const list = async () => {
    const found: string[] = []
    for await (const batch of blobs.listOld(3_600_000)) found.push(...batch)
    return found
  }
  expect(await list()).toEqual([])
  expect(await readdir(directory)).toHaveLength(3)
  aheadMs = 3_601_000
  expect(await list()).toEqual(['whole'])
  expect((await readdir(directory)).sort()).toEqual(['Not ours.txt', 'whole'])
})

it('nothing is old in a directory that was not made yet', async () => {
  for await (const batch of directoryBlobs(join(folder, 'never')).listOld(0)) expect(batch).toBe('none')
})
