/**
 * The door of btauth/1 (SDK v11, `bittensor.http_auth`): OpenAI's API behind signed headers.
 *
 * Order of the checks: shape → receiver → freshness → signature → replay → who it is. All but the last answer 401, the last 403.
 */
import { hash } from 'node:crypto'
import { findObjection, type StakeTable } from './callers.ts'
import { type Door, DoorRefusal, headerOf, type Knock } from './door.ts'
import { createOpenDoor } from './open-door.ts'
import { SeenNonces } from './replay.ts'
import { isSignatureText, type VerifySignature } from './signature.ts'

export type SignedDoorOptions = {
  /** The miner's own ss58 hotkey. */
  readonly hotkey: string
  readonly callers: StakeTable
  readonly verify: VerifySignature
  /** Unix time in milliseconds. */
  readonly nowMs: () => number
}

const AGE_MAX_MS = 10_000
const SKEW_MAX_MS = 2_000
const NONCES_MAX = 100_000
const NS_PER_MS = 1_000_000n
const NONCE_TEXT = /^[1-9]\d{0,19}$/

/** Builds the door. */
export function createBtauthDoor(options: SignedDoorOptions): Door {
  const seen = new SeenNonces({ keepMs: AGE_MAX_MS + SKEW_MAX_MS, nonceMax: NONCES_MAX })
  return {
    ...createOpenDoor(),
    checkHead({ headers }) {
      checkShape(headers)
      if (headerOf(headers, 'x-bittensor-receiver') !== options.hotkey) {
        throw new DoorRefusal(401, 'The request is for another receiver.')
      }
      const ageMs = options.nowMs() - Number(BigInt(headerOf(headers, 'x-bittensor-nonce')) / NS_PER_MS)
      if (ageMs > AGE_MAX_MS || ageMs < -SKEW_MAX_MS) throw new DoorRefusal(401, 'The request is stale.')
    },
    checkBody(knock, body) {
      const hotkey = headerOf(knock.headers, 'x-bittensor-hotkey')
      const signature = headerOf(knock.headers, 'x-bittensor-signature')
      const payload = payloadOf(knock, body)
      // Wallets in browsers wrap what they sign; Python's verifier takes both.
      const isSigned = [payload, `<Bytes>${payload}</Bytes>`].some((text) =>
        options.verify(text, signature, hotkey),
      )
      if (!isSigned) throw new DoorRefusal(401, 'The signature is not valid.')
      const memory = seen.take(`${hotkey}:${headerOf(knock.headers, 'x-bittensor-nonce')}`, options.nowMs())
      if (memory === 'seen') throw new DoorRefusal(401, 'The request was sent before.')
      if (memory === 'full') throw new DoorRefusal(503, 'Too many requests to tell replays apart.')
      const objection = findObjection(options.callers, hotkey)
      if (objection !== null) throw new DoorRefusal(403, objection)
    },
  }
}

function checkShape(headers: Knock['headers']): void {
  const scheme = headerOf(headers, 'x-bittensor-crypto')
  const isWellFormed =
    headerOf(headers, 'x-bittensor-version') === '1' &&
    headerOf(headers, 'x-bittensor-hotkey') !== '' &&
    (scheme === '' || scheme === 'sr25519') &&
    NONCE_TEXT.test(headerOf(headers, 'x-bittensor-nonce')) &&
    isSignatureText(headerOf(headers, 'x-bittensor-signature'))
  if (!isWellFormed) throw new DoorRefusal(401, 'The signature headers are missing or malformed.')
}

function payloadOf({ method, target, headers }: Knock, body: Buffer): string {
  return [
    'btauth/1',
    'sr25519',
    method.toUpperCase(),
    target,
    hash('sha256', body, 'hex'),
    headerOf(headers, 'x-bittensor-nonce'),
    headerOf(headers, 'x-bittensor-hotkey'),
    headerOf(headers, 'x-bittensor-receiver'),
  ].join('\n')
}
