/** What went wrong with a server, for people who may see it: such as `ECONNREFUSED`; never a host, an address or a password. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it does not answer'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null
  // Node's own messages name addresses.
  if (code !== null && /^E[A-Z_]+$/.test(code)) return code
  // What ioredis says of a connection that is not there.
  if (/enableOfflineQueue|[Cc]onnection is closed|max retries per request/.test(error.message))
    return 'not connected'
  return error.message === '' ? (code ?? error.name) : error.message
}
