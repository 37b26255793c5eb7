/** The door for operators may be opened wide only behind a long token. */
import { isIP } from 'node:net'

export type AdminSettings = Readonly<{
  port: number
  host: string
  /** Null: a random one for each start. */
  token: string | null
}>

/** Beyond this machine a token is all that keeps others out: 32 characters cannot be tried. */
const OPEN_TOKEN_CHARACTERS = 32

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** @returns what is wrong with these settings together, by name */
export function findOpenDoor({ host, token }: AdminSettings): string[] {
  if (isLoopback(host) || (token !== null && token.length >= OPEN_TOKEN_CHARACTERS)) return []
  return [
    `YUMAGATE_ADMIN_HOST: beyond loopback it needs a YUMAGATE_ADMIN_TOKEN of ${OPEN_TOKEN_CHARACTERS} characters or more`,
  ]
}
