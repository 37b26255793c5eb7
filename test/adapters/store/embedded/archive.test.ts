import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { packDirectory, unpackArchive } from '../../../../adapters/store/embedded/archive.ts'
import { temporaryDirectory } from '../stores.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  mkdirSync(join(directory, 'in', 'base', 'empty'), { recursive: true })
  writeFileSync(join(directory, 'in', 'none'), '')
  writeFileSync(join(directory, 'in', 'base', '1'), Buffer.alloc(513, 7))
  writeFileSync(join(directory, 'in', 'base', '2'), Buffer.alloc(1024, 8))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it('what was packed is unpacked, empty files and folders too', () => {
  unpackArchive(packDirectory(join(directory, 'in')), join(directory, 'out'))
  expect(readdirSync(join(directory, 'out'), { recursive: true }).sort()).toEqual(
    readdirSync(join(directory, 'in'), { recursive: true }).sort(),
  )
  expect(readFileSync(join(directory, 'out', 'base', '1'))).toEqual(Buffer.alloc(513, 7))
  expect(readFileSync(join(directory, 'out', 'base', '2'))).toEqual(Buffer.alloc(1024, 8))
  expect(readFileSync(join(directory, 'out', 'none'))).toHaveLength(0)
})

it('the same content is the same archive', () => {
  expect(packDirectory(join(directory, 'in')).equals(packDirectory(join(directory, 'in')))).toBe(true)
})

it('an archive that is cut off or damaged is refused', () => {
  const archive = packDirectory(join(directory, 'in'))
  const out = join(directory, 'out')
  expect(() => unpackArchive(archive.subarray(0, archive.length - 1024), out)).toThrow('too early')
  expect(() => unpackArchive(archive.subarray(0, 1200), out)).toThrow('too early')
  const damaged = Buffer.from(archive)
  damaged[3] = 0x7f
  expect(() => unpackArchive(damaged, out)).toThrow('damaged')
})

it('a name that leads out of the directory is refused', () => {
  const archive = packDirectory(join(directory, 'in'))
  // `base/` becomes `../x/`, with the same sum of bytes made up for in the checksum.
  const name = Buffer.alloc(100)
  name.write('../x/')
  const before = archive.subarray(0, 100).reduce((sum, byte) => sum + byte, 0)
  const after = name.reduce((sum, byte) => sum + byte, 0)
  const checksum = Number.parseInt(archive.toString('latin1', 148, 155), 8) - before + after
  name.copy(archive, 0)
  archive.write(checksum.toString(8).padStart(7, '0'), 148)
  expect(() => unpackArchive(archive, join(directory, 'out'))).toThrow('leaves its directory')
})
