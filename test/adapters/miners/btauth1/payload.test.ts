import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { decodeAddress, ed25519Verify } from '@polkadot/util-crypto'
import { expect, it } from 'vitest'
import { btauthHeaders, btauthPayload } from '../../../../adapters/miners/btauth1/payload.ts'

const path = new URL('../../../fixtures/miners/http-vectors.json', import.meta.url)
const golden = JSON.parse(readFileSync(path, 'utf8')).btauth1
const request = {
  method: golden.method,
  target: golden.target,
  bodySha256: hash('sha256', golden.body, 'hex'),
  nonce: golden.nonce,
  sender: golden.sender_ed25519_Alice,
  receiver: golden.receiver,
}

it('hashes the golden body as published', () => {
  expect(request.bodySha256).toBe(golden.sha256)
})

it('the published signature is over exactly our lines', () => {
  const lines = btauthPayload('ed25519', request)
  expect(ed25519Verify(lines, golden.sig, decodeAddress(request.sender))).toBe(true)
  expect(ed25519Verify(`${lines}\n`, golden.sig, decodeAddress(request.sender))).toBe(false)
})

it('writes five headers and leaves the scheme out', () => {
  const headers = btauthHeaders(request, new Uint8Array([0, 171]))
  expect(headers).toHaveLength(10)
  expect(headers.at(-1)).toBe('0x00ab')
  expect(headers).not.toContain('x-bittensor-crypto')
})
