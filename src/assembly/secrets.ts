/** Secrets of this gateway that are made at the first start and kept in the data directory, readable by its owner alone. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

/** @returns what the file holds; on the first start `make` fills it */
export function openSecretText(file: string, make: () => string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    // The first start on this directory.
    const text = make()
    writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' })
    return text
  }
}

/** 32 random bytes. */
export function openSecret(file: string): Uint8Array {
  return Buffer.from(
    openSecretText(file, () => randomBytes(32).toString('base64url')),
    'base64url',
  )
}
