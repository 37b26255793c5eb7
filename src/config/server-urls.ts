/** Reads the addresses of the servers: Postgres, Redis, Sentinels, nodes of a Cluster. No message repeats what it refuses: it may hold a password. */
import type { z } from 'zod'

/** A server by name or address; IPv6 without brackets. */
export type ServerAddress = { readonly host: string; readonly port: number }

export type DatabaseUrl = ServerAddress & {
  readonly user: string
  /** Null when there is none. */
  readonly password: string | null
  readonly database: string
  /** Whether TLS is asked for; null when nothing is said. */
  readonly isTls: boolean | null
}

export type RedisUrl = {
  /** Host, or with Sentinels the name of the master set. */
  readonly host: string
  readonly port: number | null
  readonly username: string | null
  readonly password: string | null
  readonly database: number
  readonly isTls: boolean
}

/** `channel_binding` stands in the URLs that some providers give out; node-postgres decides about it by itself. */
const DATABASE_PARAMETERS = new Set(['sslmode', 'host', 'channel_binding'])

/** What we do is `verify-full`, whichever of these is written: a certificate that is not verified protects from nobody. */
const TLS_MODES = new Set(['require', 'verify-ca', 'verify-full'])

/** For `z.transform`. */
export function parseDatabaseUrl(text: string, context: z.RefinementCtx): DatabaseUrl {
  const refuse = (message: string): DatabaseUrl => {
    context.addIssue(message)
    return { host: '', port: 0, user: '', password: null, database: '', isTls: null }
  }
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hash !== '')
    return refuse(
      'must be like postgres://user:password@host:5432/database; write special characters of the password as %XX',
    )
  const user = decode(url.username)
  const password = decode(url.password)
  const database = decode(url.pathname.slice(1))
  if (!user || password === null || !database) return refuse('must name a user and a database')
  for (const name of url.searchParams.keys()) {
    if (!DATABASE_PARAMETERS.has(name)) return refuse('takes no other parameter than sslmode and host')
  }
  const mode = url.searchParams.get('sslmode')
  if (mode !== null && mode !== 'disable' && !TLS_MODES.has(mode))
    return refuse('sslmode must be disable or verify-full')
  // A folder after ?host= is that of a socket, as libpq has it.
  const host = url.searchParams.get('host') ?? bare(url.hostname)
  if (host === '') return refuse('must name a host')
  return {
    ...{ host, port: url.port === '' ? 5432 : Number(url.port), user, database },
    password: password === '' ? null : password,
    isTls: mode === null ? null : mode !== 'disable',
  }
}

/** For `z.transform`. */
export function parseRedisUrl(text: string, context: z.RefinementCtx): RedisUrl {
  const url = URL.canParse(text) ? new URL(text) : null
  const database = url && /^(\/\d{0,3})?$/.test(url.pathname) ? Number(url.pathname.slice(1)) : null
  const username = decode(url?.username ?? '')
  const password = decode(url?.password ?? '')
  const isRight =
    url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && url.search + url.hash === ''
  if (!isRight || database === null || username === null || password === null) {
    context.addIssue(
      'must be like redis://user:password@host:6379/0 or rediss://…; write special characters of the password as %XX',
    )
    return { host: '', port: null, username: null, password: null, database: 0, isTls: false }
  }
  return {
    host: bare(url.hostname),
    port: url.port === '' ? null : Number(url.port),
    username: username === '' ? null : username,
    password: password === '' ? null : password,
    database,
    isTls: url.protocol === 'rediss:',
  }
}

/** `host:port` separated by commas, for `z.transform`. */
export function parseNodes(text: string, context: z.RefinementCtx): readonly ServerAddress[] {
  const nodes: ServerAddress[] = []
  for (const part of text.split(',')) {
    const found = /^\s*(\[[0-9a-f:.]+\]|[\w.-]+):(\d{1,5})\s*$/i.exec(part)
    const [host, port] = [found?.[1], Number(found?.[2])]
    if (host === undefined || !(port > 0 && port < 65_536)) {
      context.addIssue('must be host:port, separated by commas')
      return []
    }
    nodes.push({ host: bare(host), port })
  }
  return nodes
}

/** The same URL without its password, for people; not at all when it is no URL. */
export function hidePassword(text: string): string {
  if (!URL.canParse(text)) return '(set)'
  const url = new URL(text)
  url.password = ''
  url.hash = ''
  for (const name of [...url.searchParams.keys()]) {
    if (!DATABASE_PARAMETERS.has(name)) url.searchParams.delete(name)
  }
  // A user alone may be a secret too, as in redis://password@host, which some write by mistake.
  if (/^rediss?:$/.test(url.protocol)) url.username = ''
  return url.href
}

/** Null when it is encoded wrongly. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    // The only error there is: a percent sign that begins no character.
    return null
  }
}

const bare = (host: string): string => decodeURIComponent(host.replace(/^\[(.*)\]$/, '$1'))
