/** Secrets of this gateway that are made at the first start and kept in the data directory, readable by its owner alone. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Shorter is a torn file, not a secret. */
const CHARACTERS_LEAST = 16

/** @returns what the file holds; on the first start `make` fills it */
export function openSecretText(file: string, make: () => string): string {
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (kept.length >= CHARACTERS_LEAST) return kept
  const text = make()
  // Under another name first, so that no crash leaves half a secret.
  const written = `${file}.${process.pid}`
  writeFileSync(written, `${text}\n`, { mode: 0o600 })
  renameSync(written, file)
  return text
}

/** 32 random bytes. */
export function openSecret(file: string): Uint8Array {
  return Buffer.from(
    openSecretText(file, () => randomBytes(32).toString('base64url')),
    'base64url',
  )
}
