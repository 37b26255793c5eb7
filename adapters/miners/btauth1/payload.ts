/** The signed text of btauth/1 and the headers that carry it. */

export type BtauthRequest = {
  /** Upper case. */
  readonly method: string
  /** Path and query exactly as sent. */
  readonly target: string
  /** SHA-256 of the raw body in lower-case hex. */
  readonly bodySha256: string
  /** Unix time in nanoseconds, decimal. */
  readonly nonce: string
  /** ss58 of the caller. */
  readonly sender: string
  /** ss58 of the miner. */
  readonly receiver: string
}

/**
 * Writes what is signed: eight lines joined by LF, none at the end.
 *
 * @param scheme - `sr25519` for our own calls; the verifier of other schemes uses the same lines
 */
export function btauthPayload(scheme: 'sr25519' | 'ed25519', request: BtauthRequest): string {
  const { method, target, bodySha256, nonce, sender, receiver } = request
  return `btauth/1\n${scheme}\n${method}\n${target}\n${bodySha256}\n${nonce}\n${sender}\n${receiver}`
}

/** The headers of a signed request, name and value in turn. `X-Bittensor-Crypto` is left out, which means sr25519. */
export function btauthHeaders(request: BtauthRequest, signature: Uint8Array): string[] {
  return [
    'x-bittensor-version',
    '1',
    'x-bittensor-hotkey',
    request.sender,
    'x-bittensor-receiver',
    request.receiver,
    'x-bittensor-nonce',
    request.nonce,
    'x-bittensor-signature',
    `0x${Buffer.from(signature).toString('hex')}`,
  ]
}
