/** Frames of PostgreSQL's wire protocol, version 3. Source: PostgreSQL 18 documentation, chapter 54, "Message Formats". */

/** Type bytes of the messages that the multiplexer looks at. */
export const WIRE = {
  authentication: 0x52, // R
  backendKey: 0x4b, // K
  bind: 0x42, // B
  close: 0x43, // C
  copyDone: 0x63, // c
  copyFail: 0x66, // f
  describe: 0x44, // D
  error: 0x45, // E
  flush: 0x48, // H
  notification: 0x41, // A
  parameter: 0x53, // S, from the server
  parse: 0x50, // P
  query: 0x51, // Q
  ready: 0x5a, // Z
  statement: 0x53, // S, inside of Describe and Close
  sync: 0x53, // S, from the client
  terminate: 0x58, // X
} as const

/** Codes in the place of a protocol version. */
export const SSL_REQUEST = 80_877_103
export const CANCEL_REQUEST = 80_877_102

/** One message: type byte, length of the rest with itself, body. */
export function frame(type: number, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(5 + body.length)
  bytes.writeUInt8(type, 0)
  bytes.writeInt32BE(4 + body.length, 1)
  body.copy(bytes, 5)
  return bytes
}

/** Text with its closing zero. */
export const cString = (text: string): Buffer => Buffer.from(`${text}\0`)

export const queryFrame = (sql: string): Buffer => frame(WIRE.query, cString(sql))

/** A fatal error as a server sends it before it closes the connection. `sqlState`: five characters, PostgreSQL appendix A. */
export function fatalFrame(sqlState: string, message: string): Buffer {
  return frame(WIRE.error, Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0M${message}\0\0`))
}

/** What a server says after a start-up message when nothing is asked: authenticated, its parameters, ready. */
export function greeting(connectionId: number, parameters: Readonly<Record<string, string>>): Buffer {
  const key = Buffer.alloc(8)
  key.writeInt32BE(connectionId, 0)
  return Buffer.concat([
    frame(WIRE.authentication, Buffer.alloc(4)),
    ...Object.entries(parameters).map(([name, value]) =>
      frame(WIRE.parameter, Buffer.concat([cString(name), cString(value)])),
    ),
    frame(WIRE.backendKey, key),
    frame(WIRE.ready, Buffer.from('I')),
  ])
}

/**
 * Puts a prefix before the name of a prepared statement, in the messages that carry one (Parse, Bind, Describe, Close).
 *
 * @returns the message as it was when its statement is unnamed, and the prefixed name where the message makes one
 */
export function prefixStatement(
  message: Buffer,
  prefix: string,
): { readonly message: Buffer; readonly made: string | null } {
  const at = statementOffset(message)
  if (at < 0 || message[at] === 0) return { message, made: null }
  const renamed = Buffer.allocUnsafe(message.length + prefix.length)
  message.copy(renamed, 0, 0, at)
  renamed.write(prefix, at, 'latin1')
  message.copy(renamed, at + prefix.length, at)
  renamed.writeInt32BE(renamed.length - 1, 1)
  const made =
    message[0] === WIRE.parse ? prefix + message.toString('utf8', at, message.indexOf(0, at)) : null
  return { message: renamed, made }
}

function statementOffset(message: Buffer): number {
  switch (message[0]) {
    case WIRE.parse:
      return 5
    case WIRE.bind: // After the portal's name.
      return message.indexOf(0, 5) + 1
    case WIRE.describe:
    case WIRE.close:
      return message[5] === WIRE.statement ? 6 : -1
    default:
      return -1
  }
}

/** LISTEN and UNLISTEN commands in the text of a Query or Parse message, in order; a channel of null means all. */
export function listenCommands(
  message: Buffer,
): readonly { readonly listen: boolean; readonly channel: string | null }[] {
  const start = message[0] === WIRE.parse ? message.indexOf(0, 5) + 1 : 5
  // L, U, a comment or space: anything else cannot begin with LISTEN. Keeps the common statement free of the regular expression.
  const first = (message[start] ?? 0) | 0x20
  if (first !== 0x6c && first !== 0x75 && first !== 0x2d && first !== 0x20 && first !== 0x2a) return []
  const sql = message.toString('utf8', start, message.indexOf(0, start))
  return [...sql.matchAll(/(?:^|;|\n)\s*(UN)?LISTEN\s+(?:"([^"]+)"|(\w+)|\*)/gi)].map((match) => ({
    listen: match[1] === undefined,
    channel: match[2] ?? match[3]?.toLowerCase() ?? null,
  }))
}
