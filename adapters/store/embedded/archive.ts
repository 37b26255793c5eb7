/** Packs a directory into a tar archive and back (ustar, POSIX.1-1988), only what a database's directory needs: files and folders. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'

const BLOCK = 512

/** Reads all files below `directory` into one archive, folders before what is in them. Nothing may write there meanwhile. */
export function packDirectory(directory: string): Buffer {
  const parts: Buffer[] = []
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  for (const name of names) {
    const path = join(directory, name)
    const stats = statSync(path)
    const tarName = name.split(sep).join('/')
    if (stats.isDirectory()) parts.push(header(`${tarName}/`, 0, '5'))
    else if (stats.isFile()) {
      const bytes = readFileSync(path)
      parts.push(header(tarName, bytes.length, '0'), bytes, Buffer.alloc(padding(bytes.length)))
    }
  }
  parts.push(Buffer.alloc(2 * BLOCK))
  return Buffer.concat(parts)
}

/** Writes the files of an archive below `directory`, which is made. @throws Error when the archive is damaged */
export function unpackArchive(archive: Buffer, directory: string): void {
  const root = resolve(directory)
  mkdirSync(root, { recursive: true, mode: 0o700 })
  let offset = 0
  for (;;) {
    const block = archive.subarray(offset, offset + BLOCK)
    if (block.length < BLOCK) throw new Error('the archive ends too early')
    if (block.every((byte) => byte === 0)) return
    if (readOctal(block, 148, 8) !== checksum(block)) throw new Error('the archive is damaged')
    const name = block.toString('utf8', 0, block.indexOf(0))
    const size = readOctal(block, 124, 12)
    offset += BLOCK
    const path = join(root, name)
    if (relative(root, path).startsWith('..')) throw new Error('the archive leaves its directory')
    if (block[156] === 0x35) mkdirSync(path, { recursive: true, mode: 0o700 })
    else {
      if (offset + size > archive.length) throw new Error('the archive ends too early')
      writeFileSync(path, archive.subarray(offset, offset + size), { mode: 0o600 })
      offset += size + padding(size)
    }
  }
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK

function header(name: string, size: number, type: '0' | '5'): Buffer {
  if (Buffer.byteLength(name) > 99) throw new Error(`a name is too long for the archive: ${name}`)
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0)
  writeOctal(block, type === '5' ? 0o700 : 0o600, 100, 8) // Mode
  writeOctal(block, 0, 108, 8) // Owner
  writeOctal(block, 0, 116, 8) // Group
  writeOctal(block, size, 124, 12)
  writeOctal(block, 0, 136, 12) // Time: none, so that the same content is the same archive.
  block.write(type, 156)
  block.write('ustar\x0000', 257)
  writeOctal(block, checksum(block), 148, 8)
  return block
}

/** Sum of all bytes of a header, its own eight counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (let at = 0; at < BLOCK; at += 1) if (at < 148 || at >= 156) sum += block[at] ?? 0
  return sum
}

function writeOctal(block: Buffer, value: number, ...[at, length]: [number, number]): void {
  block.write(value.toString(8).padStart(length - 1, '0'), at)
}

const readOctal = (block: Buffer, at: number, length: number): number =>
  Number.parseInt(block.toString('latin1', at, at + length).replace(/[\0 ].*$/s, '') || '0', 8)
