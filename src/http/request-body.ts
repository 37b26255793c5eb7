/** Reads request bodies off the raw socket, bounded, and tells a client that sends too much so that it really hears it. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import { reserveBody } from './body-budget.ts'

/** Deeper JSON than any real request; a bound on every recursion after it. */
const JSON_DEPTH_MAX = 128

/** How long, and how much, a refused upload is still read and thrown away, so that the client reads our answer instead of a reset. */
const DISCARD_MS = 5_000
const DISCARD_BYTES_MAX = 64 * 1024 * 1024

/** A parsed body and the text it came from, so that an unchanged body can be passed on as it is. */
export type JsonBody = { readonly text: string; readonly value: unknown }

/**
 * Reads a JSON body.
 *
 * @throws GatewayError `unsupported_media_type` another content type or an encoded body · `request_too_large` · `invalid_request`
 */
export async function readJsonBody(incoming: IncomingMessage, bytesMax: number): Promise<JsonBody> {
  const type = incoming.headers['content-type'] ?? ''
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type.trim())) {
    throw new GatewayError(
      'unsupported_media_type',
      'Send the body as JSON, with content-type: application/json.',
    )
  }
  refuseEncoding(incoming)
  return parseJson(await readBytes(incoming, bytesMax))
}

/** Bodies are bounded as they arrive, so a compressed one is refused rather than unpacked. @throws GatewayError `unsupported_media_type` */
export function refuseEncoding(incoming: IncomingMessage): void {
  const encoding = incoming.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new GatewayError('unsupported_media_type', 'Send the body without content-encoding.')
  }
}

/** @throws GatewayError `request_too_large` also when only announced · `queue_full` too many bytes are in flight · `client_closed_request` when the client left */
export function readBytes(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  if (announced > bytesMax) return Promise.reject(tooLarge(bytesMax))
  const noRoom = reserveBody(incoming, announced)
  if (noRoom) return Promise.reject(noRoom)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let sizeBytes = 0
    const stop = (error: GatewayError) => {
      incoming.off('data', take).off('end', end).off('error', leave).off('close', leave)
      reject(error)
    }
    const take = (chunk: Buffer) => {
      sizeBytes += chunk.length
      const noRoom = sizeBytes > bytesMax ? tooLarge(bytesMax) : reserveBody(incoming, sizeBytes)
      if (noRoom) stop(noRoom)
      else chunks.push(chunk)
    }
    const end = () => {
      incoming.off('error', leave).off('close', leave)
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, sizeBytes))
    }
    const leave = () =>
      stop(
        new GatewayError('client_closed_request', 'The connection closed before the whole body had arrived.'),
      )
    incoming.on('data', take).on('end', end).on('error', leave).on('close', leave)
  })
}

/** What to say when a body passes a limit. */
export function tooLarge(bytesMax: number): GatewayError {
  return new GatewayError(
    'request_too_large',
    `The body is larger than ${bytesMax} bytes, the limit of this endpoint.`,
  )
}

/** Parses JSON strictly: valid UTF-8, bounded depth, no `__proto__` member. @throws GatewayError `invalid_request` */
export function parseJson(bytes: Buffer): JsonBody {
  if (!isUtf8(bytes)) throw new GatewayError('invalid_request', 'The body is not valid UTF-8.')
  const text = bytes.toString('utf8').replace(/^\ufeff/, '')
  if (text.trim() === '') throw new GatewayError('invalid_request', 'The body is empty. Send a JSON object.')
  if (isDeeper(text, JSON_DEPTH_MAX)) {
    throw new GatewayError('invalid_request', `The body is nested deeper than ${JSON_DEPTH_MAX} levels.`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new GatewayError('invalid_request', `The body is not valid JSON${placeOf(cause)}.`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GatewayError('invalid_request', 'The body must be a JSON object.')
  }
  if (text.includes('"__proto__"') && hasProtoKey(value)) {
    throw new GatewayError('invalid_request', 'The body has a member named __proto__, which is refused.', {
      param: '__proto__',
    })
  }
  return { text, value }
}

/** V8's message ends with the position, which helps, but begins with a piece of the body, which we keep out of it. */
function placeOf(cause: unknown): string {
  const position = /position (\d+)/.exec(cause instanceof Error ? cause.message : '')?.[1]
  return position === undefined ? '' : ` at character ${position}`
}

/** Counts brackets outside of strings. */
function isDeeper(text: string, depthMax: number): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      i = endOfString(text, i)
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1
      if (depth > depthMax) return true
    } else if (code === 0x5d || code === 0x7d) depth -= 1
  }
  return false
}

/** Index of the quote that closes the string which opens at `start`; the length of the text when none does. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1)
  while (at >= 0) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1
    if (backslashes % 2 === 0) return at
    at = text.indexOf('"', at + 1)
  }
  return text.length
}

function hasProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Object.hasOwn(value, '__proto__')) return true
  return Object.values(value).some(hasProtoKey)
}

/**
 * Reads on and throws away what a refused client still sends, so that it gets to read the answer instead of a reset. Bounded by time and
 * bytes.
 *
 * @param done - called once: all was read, the client left, or a bound was reached
 */
export function discardRest(incoming: IncomingMessage, done: () => void): void {
  let left = DISCARD_BYTES_MAX
  let isDone = false
  const stop = () => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    done()
  }
  const timer = setTimeout(stop, DISCARD_MS)
  timer.unref()
  incoming.on('end', stop).on('close', stop).on('error', stop)
  incoming.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) stop()
  })
  incoming.resume()
}
