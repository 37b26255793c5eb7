/** btauth/1: OpenAI's HTTP API, each request signed with the gateway's hotkey. Protocol: README.md beside this file. */
import type { Signer } from '../../../src/ports/chain.ts'
import type { Dialect } from '../../../src/ports/miner.ts'
import { createDialect, type DialectSettings } from '../wire/dialect.ts'
import { sha256Hex } from '../wire/digest.ts'
import { createNonces } from '../wire/nonce.ts'
import { readApiAnswer } from '../wire/openai-answer.ts'
import { apiPath, writeApiRequest } from '../wire/openai-request.ts'
import { btauthHeaders, btauthPayload } from './payload.ts'

/** Signing also needs randomness for nonces: 0 ≤ x < 1. */
export type SignedDialectSettings = DialectSettings & {
  readonly signer: Signer
  readonly random: () => number
}

/** Builds the dialect of miners that check btauth/1: chat, transcription, pictures. */
export function createBtauth1Dialect(settings: SignedDialectSettings): Dialect {
  const { signer } = settings
  const nextNonce = createNonces(settings.nowMs, settings.random)
  return createDialect(
    {
      name: 'btauth1',
      capabilities: ['chat', 'audio.transcribe', 'image.recognize', 'image.generate'],
      allowsHostNames: false,
      async write({ target, work, origin }) {
        const request = writeApiRequest(work)
        const path = apiPath(origin.prefix, request.path)
        const signed = {
          method: 'POST',
          target: path,
          bodySha256: await sha256Hex(request.body),
          nonce: nextNonce().toString(),
          sender: signer.hotkey,
          receiver: target.hotkey,
        }
        const signature = signer.sign(Buffer.from(btauthPayload('sr25519', signed)))
        const headers = btauthHeaders(signed, signature)
        headers.push('content-type', request.contentType, 'accept-encoding', 'identity')
        return { path, headers, body: request.body }
      },
      read: readApiAnswer,
    },
    settings,
  )
}
