/**
 * Refuses what Node's strict parser lets through and a proxy in front of us could read otherwise: then the two would not agree on where
 * a request ends, whose it is or what it asks for.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** @returns what is wrong, for people; null for a request that everybody reads the same way */
export function findAmbiguity(incoming: IncomingMessage): string | null {
  const { headers, httpVersionMajor, httpVersionMinor, rawHeaders, url = '' } = incoming
  if (httpVersionMajor !== 1 || httpVersionMinor > 1) return 'Only HTTP/1.1 and HTTP/1.0 are spoken here.'
  const coding = headers['transfer-encoding']
  if (coding !== undefined) {
    // No other coding is undone here, and HTTP/1.0 has none. RFC 9112, 6.1.
    if (coding.toLowerCase() !== 'chunked') return 'Transfer-Encoding must be chunked, and nothing else.'
    if (httpVersionMinor === 0) return 'HTTP/1.0 has no Transfer-Encoding.'
  }
  // Node keeps the first of several; a proxy may go by another one. RFC 9112, 3.2.
  if (countOf(rawHeaders, 'host') > 1) return 'Host must be given once.'
  // This is the origin, not a proxy: `GET http://elsewhere/` has two hosts, and rules of a proxy by path may not see its path.
  if (url.charCodeAt(0) !== 0x2f) return 'The request must name a path of this server, such as /v1/models.'
  // No id has one, and what is behind us may end a text there.
  if (url.includes('%00')) return 'The path must hold no %00.'
  return null
}

/** @param name - in lower case */
function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const given = rawHeaders[i]
    if (given?.length === name.length && given.toLowerCase() === name) count += 1
  }
  return count
}

const ended = new WeakSet<Socket>()

/** Says that the answer under way is the last one of its connection. */
export function endConnection(socket: Socket): void {
  ended.add(socket)
}

/** Whether a request stands behind the last answer of its connection: Node reads on, but nobody would hear what came of it. */
export function isBehindEnd({ socket }: IncomingMessage): boolean {
  return ended.has(socket)
}
