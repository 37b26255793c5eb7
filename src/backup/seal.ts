/**
 * The end of a backup file: a gzip member of its own and of fixed size, which holds the number of lines and the SHA-256 of all bytes before
 * it. It is compared byte by byte, so that a file is whole, or it is refused: gzip alone would not notice a change in its own header.
 */
import { gzipSync } from 'node:zlib'
import { BackupError } from '../ports/backup.ts'

export const SEAL_BYTES = 256

/** Gzip's header, one stored block's, and gzip's trailer (RFC 1952, RFC 1951 3.2.4). */
const FRAME_BYTES = 10 + 5 + 8

/** @param sha256 - of the bytes before, in hexadecimal */
export function writeSeal({ lines, sha256 }: { readonly lines: number; readonly sha256: string }): Buffer {
  const text = JSON.stringify(['end', { lines, sha256 }])
  const seal = gzipSync(`${text.padEnd(SEAL_BYTES - FRAME_BYTES - 1)}\n`, { level: 0 })
  // What zlib says of the system it runs on: the same bytes everywhere instead.
  seal[8] = 0
  seal[9] = 255
  return seal
}

/** @throws BackupError when it is not the seal of so many lines with that hash */
export function checkSeal(seal: Buffer, content: { readonly lines: number; readonly sha256: string }): void {
  if (!seal.equals(writeSeal(content))) throw damaged()
}

export const damaged = (cause?: unknown): BackupError =>
  new BackupError('The backup is not whole: it was cut off or changed. Nothing was written.', { cause })
