/** Where the program's own files lie, and what is read of them once at the start. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { parseSubnetsFile, type SubnetsFile, SubnetsFileError } from '../network/subnets-file.ts'

export type ProgramFiles = {
  /** Folder of the bundled entries: the program, worker threads, child processes. */
  readonly distDirectory: string
  /** Folder that holds profiles, models, openapi.yaml and examples. */
  readonly rootDirectory: string
}

/** The start cannot go on, for a reason that one line tells. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** @throws StartError unreadable, or wrong at a path that is named */
export function readSubnets(config: Config, { rootDirectory }: ProgramFiles): SubnetsFile {
  const file = config.subnetsFile ?? join(rootDirectory, 'profiles', config.profile, 'subnets.json')
  const name = config.subnetsFile === null ? file : `${file} (YUMAGATE_SUBNETS)`
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new StartError(`The subnets file ${name} cannot be read: ${reasonOf(cause)}`)
  }
  try {
    return parseSubnetsFile(text)
  } catch (cause) {
    if (cause instanceof SubnetsFileError)
      throw new StartError(`The subnets file ${name} is wrong at ${cause.message}`)
    throw cause
  }
}

/** Bearer keys of servers that are named by URL. @throws StartError a file that cannot be read */
export function readBearers(subnets: SubnetsFile): ReadonlyMap<string, string> {
  const bearers = new Map<string, string>()
  for (const { name, apiKeyFile } of subnets.experts) {
    if (apiKeyFile === undefined) continue
    try {
      bearers.set(name, readFileSync(apiKeyFile, 'utf8').trim())
    } catch (cause) {
      throw new StartError(`The key file ${apiKeyFile} of expert ${name} cannot be read: ${reasonOf(cause)}`)
    }
  }
  return bearers
}

/** Such as `ENOENT: no such file or directory`, without the path, which stands before it. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split(', ')[0] ?? cause.message) : String(cause)
}
