/**
 * The door of dendrite v10 (the axon of Python SDK 10.2.0): one synapse, `ChatCompletion`, whose `request` is the JSON text of an
 * OpenAI chat and whose `completion` is filled in.
 *
 * Order of the checks, as in the axon: headers (400, 404) → blacklist (403) → signature and nonce (401) → body hash (500).
 */
import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { SignedDoorOptions } from './btauth-door.ts'
import { findObjection } from './callers.ts'
import { type Door, DoorRefusal, headerOf } from './door.ts'
import { RisingNonces } from './replay.ts'

const SYNAPSE = 'ChatCompletion'
const KEYS_MAX = 10_000
/** From this version on a nonce is a time in nanoseconds. */
const TIMED_VERSION = 7_002_000
/** How much older than the request's own time-out a first nonce may be. */
const GRACE_NS = 4_000_000_000n
const NS_PER_MS = 1_000_000n

/** Builds the door. */
export function createDendriteDoor(options: SignedDoorOptions): Door {
  const nonces = new RisingNonces(KEYS_MAX)
  return {
    find(target) {
      if (target.split('?')[0] !== `/${SYNAPSE}`) throw new DoorRefusal(404, 'Synapse name not found.')
      return 'chat'
    },
    checkHead({ headers }) {
      const call = readCall(headers)
      const objection = findObjection(options.callers, call.hotkey)
      if (objection !== null) throw new DoorRefusal(403, `Forbidden. Key is blacklisted: ${objection}`)
      checkCall(call)
    },
    checkBody({ headers }, body) {
      // `str()` of the one hashed field is the text itself.
      if (sha3(sha3(readRequest(body))) !== headerOf(headers, 'computed_body_hash')) {
        throw new DoorRefusal(500, 'Internal Server Error: the body does not have the hash that was signed.')
      }
    },
    unwrap: (body) => Buffer.from(readRequest(body)),
    wrap: (json) => `{"name":"${SYNAPSE}","computed_body_hash":"","completion":${json}}`,
    refuse: ({ message }) => JSON.stringify({ message }),
  }

  function checkCall(call: DendriteCall): void {
    const key = `${call.hotkey}:${call.uuid}`
    const last = nonces.last(key)
    if (last !== undefined && call.nonce <= last) {
      throw new DoorRefusal(401, 'Nonce is too old, a newer one was last processed.')
    }
    if (last === undefined && call.version >= TIMED_VERSION) {
      const oldest = BigInt(options.nowMs()) * NS_PER_MS - GRACE_NS - call.timeoutNs
      if (call.nonce <= oldest) throw new DoorRefusal(401, 'Nonce is too old.')
    }
    // The real axon lets a request without a signature pass. This one does not.
    const message = `${call.nonce}.${call.hotkey}.${options.hotkey}.${call.uuid}.${call.bodyHash}`
    if (!options.verify(message, call.signature, call.hotkey)) {
      throw new DoorRefusal(401, 'Signature mismatch.')
    }
    nonces.take(key, call.nonce)
  }
}

type DendriteCall = {
  readonly hotkey: string
  readonly uuid: string
  readonly nonce: bigint
  readonly version: number
  readonly timeoutNs: bigint
  readonly signature: string
  readonly bodyHash: string
}

/** Without a time-out of its own a request has twelve seconds, as in the SDK. */
const TIMEOUT_SECONDS_DEFAULT = 12
const TIMEOUT_SECONDS_MAX = 3_600

function readCall(headers: IncomingHttpHeaders): DendriteCall {
  if (headerOf(headers, 'name') !== SYNAPSE) throw new DoorRefusal(400, 'Improperly formatted request.')
  const nonce = headerOf(headers, 'bt_header_dendrite_nonce')
  const version = headerOf(headers, 'bt_header_dendrite_version')
  const hotkey = headerOf(headers, 'bt_header_dendrite_hotkey')
  const timeout = Number(headerOf(headers, 'timeout') || TIMEOUT_SECONDS_DEFAULT)
  const isWellFormed = /^\d{1,30}$/.test(nonce) && /^\d{1,10}$/.test(version) && hotkey !== '' && timeout >= 0
  if (!isWellFormed) throw new DoorRefusal(400, 'Missing or malformed dendrite headers.')
  return {
    hotkey,
    uuid: headerOf(headers, 'bt_header_dendrite_uuid'),
    nonce: BigInt(nonce),
    version: Number(version),
    timeoutNs: BigInt(Math.round(Math.min(timeout, TIMEOUT_SECONDS_MAX) * 1e9)),
    signature: headerOf(headers, 'bt_header_dendrite_signature'),
    bodyHash: headerOf(headers, 'computed_body_hash'),
  }
}

function readRequest(body: Buffer): string {
  const synapse = parseJson(body)
  const request =
    typeof synapse === 'object' && synapse !== null && 'request' in synapse ? synapse.request : null
  if (typeof request !== 'string') throw new DoorRefusal(400, 'The synapse has no request.')
  return request
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new DoorRefusal(400, 'The body is not JSON.')
  }
}

function sha3(text: string): string {
  return hash('sha3-256', text, 'hex')
}
