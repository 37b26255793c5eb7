/** Links to a file that work without a key for a while: whose file it is and until when, under a signature of this gateway. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { GatewayError } from '../errors.ts'

/** As long as OpenAI's own links to pictures. */
const LIFETIME_MS = 60 * 60 * 1000

export type SignedLinks = {
  /** The query that opens the file: `?token=…`. */
  sign(fileId: string, accountId: string): string
  /** The account whose file the token opens. @throws GatewayError `invalid_api_key` forged, of another file, or past its time */
  verify(fileId: string, token: string): string
}

/** @param options.secret - 32 random bytes, the same for all processes that serve the files */
export function createSignedLinks(options: {
  readonly secret: Uint8Array
  readonly wallMs: () => number
}): SignedLinks {
  const mac = (fileId: string, claim: string) =>
    createHmac('sha256', options.secret).update(`${fileId}\n${claim}`).digest()
  return {
    sign(fileId, accountId) {
      const claim = `${accountId}.${Math.floor((options.wallMs() + LIFETIME_MS) / 1000)}`
      return `?token=${claim}.${mac(fileId, claim).toString('base64url')}`
    },
    verify(fileId, token) {
      const match = /^((acc_[\w-]+)\.(\d{1,12}))\.([\w-]{43})$/.exec(token)
      const [, claim = '', accountId = '', expires = '0', signature = ''] = match ?? []
      const given = Buffer.from(signature, 'base64url')
      const expected = mac(fileId, claim)
      const isGenuine = match !== null && given.length === expected.length && timingSafeEqual(given, expected)
      if (!isGenuine || Number(expires) * 1000 < options.wallMs()) {
        throw new GatewayError(
          'invalid_api_key',
          'This link is not valid any more. Fetch the file with your API key instead.',
        )
      }
      return accountId
    },
  }
}
