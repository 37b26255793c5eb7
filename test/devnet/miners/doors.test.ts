/** Whom the doors let in, and with which status they turn the others away. Requests are raw: written here, not by our dialects. */
import { hash } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBtauthDoor } from '../../../devnet/miners/btauth-door.ts'
import { createDendriteDoor } from '../../../devnet/miners/dendrite-door.ts'
import { type Door, DoorRefusal, type Knock } from '../../../devnet/miners/door.ts'
import { createOpenDoor } from '../../../devnet/miners/open-door.ts'
import { fakeSigner } from '../../fakes/signer.ts'
import { doorOptions, MINER_HOTKEY, NOW, signer } from './miner-stage.ts'

let nowMs = NOW
const options = { ...doorOptions, nowMs: () => nowMs }
let door: Door

type Changes = Readonly<Record<string, string>>

function enter(knock: Knock, body: Buffer): number {
  try {
    door.find(knock.target)
    door.checkHead(knock)
    door.checkBody(knock, body)
    return 200
  } catch (error) {
    if (error instanceof DoorRefusal) return error.status
    throw error
  }
}

beforeEach(() => {
  nowMs = NOW
})

describe('btauth1', () => {
  const body = Buffer.from('{"model":"m"}')
  let count = 0

  /** A request as its signer wrote it; `after` is changed behind the signer's back. */
  function request(before: Changes = {}, after: Changes = {}, wrap = (text: string) => text): Knock {
    count += 1
    const target = before.target ?? '/v1/chat/completions'
    const headers: Record<string, string> = {
      'x-bittensor-version': '1',
      'x-bittensor-hotkey': signer.hotkey,
      'x-bittensor-receiver': MINER_HOTKEY,
      'x-bittensor-nonce': `${NOW}${String(count).padStart(6, '0')}`,
      ...before,
    }
    const payload = [
      'btauth/1',
      'sr25519',
      'POST',
      target,
      hash('sha256', body, 'hex'),
      headers['x-bittensor-nonce'],
      headers['x-bittensor-hotkey'],
      headers['x-bittensor-receiver'],
    ].join('\n')
    const signature = fakeSigner(headers['x-bittensor-hotkey']).sign(Buffer.from(wrap(payload)))
    headers['x-bittensor-signature'] = `0x${Buffer.from(signature).toString('hex')}`
    return { method: 'POST', target, headers: { ...headers, ...after } }
  }

  beforeEach(() => {
    door = createBtauthDoor(options)
  })

  it('lets a signed request in, query and all, also one that a wallet wrapped', () => {
    expect(enter(request(), body)).toBe(200)
    expect(enter(request({ target: '/v1/chat/completions?stream=false' }), body)).toBe(200)
    expect(
      enter(
        request({}, {}, (text) => `<Bytes>${text}</Bytes>`),
        body,
      ),
    ).toBe(200)
    expect(enter(request({}, { 'x-bittensor-crypto': 'sr25519' }), body)).toBe(200)
  })

  it.each([
    ['no version', { 'x-bittensor-version': '' }],
    ['another version', { 'x-bittensor-version': '2' }],
    ['no nonce', { 'x-bittensor-nonce': '' }],
    ['a nonce that is no number', { 'x-bittensor-nonce': '12.5e3' }],
    ['another scheme', { 'x-bittensor-crypto': 'ed25519' }],
    ['no signature', { 'x-bittensor-signature': '' }],
    ['a signature that is none', { 'x-bittensor-signature': '0x12' }],
    ['somebody else’s hotkey', { 'x-bittensor-hotkey': '5Dfake' }],
    ['another nonce than signed', { 'x-bittensor-nonce': `${NOW}999999` }],
    ['another receiver than signed', { 'x-bittensor-receiver': signer.hotkey }],
  ])('answers 401 to %s', (_name, changes) => {
    expect(enter(request({}, changes), body)).toBe(401)
  })

  it('answers 401 to a request for another miner, also a well signed one', () => {
    expect(enter(request({ 'x-bittensor-receiver': signer.hotkey }), body)).toBe(401)
  })

  it('answers 401 to another body, path or method than signed', () => {
    expect(enter(request(), Buffer.from('{"model":"n"}'))).toBe(401)
    expect(enter({ ...request(), target: '/v1/audio/transcriptions' }, body)).toBe(401)
    expect(enter({ ...request(), method: 'PUT' }, body)).toBe(401)
  })

  it.each([
    [10_000, 200],
    [10_001, 401],
    [-2_000, 200],
    [-2_001, 401],
  ])('a request %d ms old gets %d', (ageMs, status) => {
    const knock = request()
    nowMs = NOW + ageMs
    expect(enter(knock, body)).toBe(status)
  })

  it('takes a request once, but remembers it only if its signature was good', () => {
    const knock = request()
    const { 'x-bittensor-signature': signature } = knock.headers
    const forged = {
      ...knock,
      headers: { ...knock.headers, 'x-bittensor-signature': `0x${'0'.repeat(128)}` },
    }
    expect(enter(forged, body)).toBe(401)
    expect(signature).toBeDefined()
    expect(enter(knock, body)).toBe(200)
    expect(enter(knock, body)).toBe(401)
  })

  it.each(['stranger', 'poor', 'powerless'])('answers 403 to a %s who signs well', (hotkey) => {
    expect(enter(request({ 'x-bittensor-hotkey': hotkey }), body)).toBe(403)
  })

  it('answers 404 to other paths', () => {
    expect(enter(request({ target: '/v1/embeddings' }), body)).toBe(404)
  })
})

describe('dendrite10', () => {
  const text = '{"model":"m","messages":[]}'
  const body = Buffer.from(JSON.stringify({ name: 'ChatCompletion', request: text }))
  const sha3 = (value: string) => hash('sha3-256', value, 'hex')
  const bodyHash = sha3(sha3(text))
  let count = 0

  function request(before: Changes = {}, after: Changes = {}): Knock {
    count += 1
    const headers: Record<string, string> = {
      name: 'ChatCompletion',
      timeout: '12.0',
      bt_header_dendrite_version: '10002000',
      bt_header_dendrite_nonce: `${NOW}${String(count).padStart(6, '0')}`,
      bt_header_dendrite_uuid: 'lane',
      bt_header_dendrite_hotkey: signer.hotkey,
      computed_body_hash: bodyHash,
      ...before,
    }
    const { bt_header_dendrite_nonce: nonce, bt_header_dendrite_hotkey: hotkey = '' } = headers
    const message = `${nonce}.${hotkey}.${MINER_HOTKEY}.${headers.bt_header_dendrite_uuid}.${headers.computed_body_hash}`
    const signature = Buffer.from(fakeSigner(hotkey).sign(Buffer.from(message))).toString('hex')
    headers.bt_header_dendrite_signature = `0x${signature}`
    return { method: 'POST', target: '/ChatCompletion', headers: { ...headers, ...after } }
  }

  beforeEach(() => {
    door = createDendriteDoor(options)
  })

  it('lets a signed synapse in, and hands out the request within', () => {
    expect(enter(request(), body)).toBe(200)
    expect(door.unwrap(body).toString()).toBe(text)
    expect(JSON.parse(door.wrap('{"choices":[]}'))).toMatchObject({
      name: 'ChatCompletion',
      completion: { choices: [] },
    })
  })

  it.each([
    ['another name header', { name: 'Other' }, 400],
    ['no nonce', { bt_header_dendrite_nonce: '' }, 400],
    ['no version', { bt_header_dendrite_version: '' }, 400],
    ['no hotkey', { bt_header_dendrite_hotkey: '' }, 400],
    ['no signature', { bt_header_dendrite_signature: '' }, 401],
    ['another uuid than signed', { bt_header_dendrite_uuid: 'other' }, 401],
    ['another hash than signed', { computed_body_hash: sha3('x') }, 401],
  ])('answers to %s', (_name, changes, status) => {
    expect(enter(request({}, changes), body)).toBe(status)
  })

  it('answers 404 to other synapses', () => {
    expect(enter({ ...request(), target: '/Dummy' }, body)).toBe(404)
  })

  it.each(['stranger', 'poor', 'powerless'])(
    'answers 403 to a %s, before it looks at the signature',
    (hotkey) => {
      const unsigned = { bt_header_dendrite_signature: '' }
      expect(enter(request({ bt_header_dendrite_hotkey: hotkey }, unsigned), body)).toBe(403)
    },
  )

  it('answers 500 to a body that does not have the hash that was signed', () => {
    expect(enter(request({ computed_body_hash: sha3('x') }), body)).toBe(500)
    const other = Buffer.from(JSON.stringify({ request: `${text} ` }))
    expect(enter(request(), other)).toBe(500)
  })

  it.each(['{nope', '[]', '{"request":{"model":"m"}}'])('answers 400 to the body %s', (wrong) => {
    expect(enter(request(), Buffer.from(wrong))).toBe(400)
  })

  it('of one uuid takes rising nonces only; another uuid has its own', () => {
    const first = request()
    const second = request()
    expect(enter(second, body)).toBe(200)
    expect(enter(second, body)).toBe(401)
    expect(enter(first, body)).toBe(401)
    expect(enter(request({ bt_header_dendrite_uuid: 'other' }), body)).toBe(200)
    expect(enter(request(), body)).toBe(200)
  })

  it.each([
    [15_999, 200],
    [16_001, 401],
    [-3_600_000, 200], // The axon has no bound on the future.
  ])('a first nonce %d ms old gets %d: four seconds and the request’s own time-out', (ageMs, status) => {
    const knock = request()
    nowMs = NOW + ageMs
    expect(enter(knock, body)).toBe(status)
  })

  it('a nonce from before 7.2.0 is no time: only its rising counts', () => {
    const old = { bt_header_dendrite_version: '7001999', bt_header_dendrite_nonce: '7' }
    expect(enter(request(old), body)).toBe(200)
    expect(enter(request(old), body)).toBe(401)
  })

  it('keeps nothing of a request whose signature was not good', () => {
    expect(
      enter(request({ bt_header_dendrite_nonce: `${NOW + 5_000}000000` }, { computed_body_hash: 'x' }), body),
    ).toBe(401)
    expect(enter(request(), body)).toBe(200)
  })
})

describe('openai', () => {
  it('lets everybody in', () => {
    door = createOpenDoor()
    expect(enter({ method: 'POST', target: '/v1/images/generations', headers: {} }, Buffer.from(''))).toBe(
      200,
    )
    expect(enter({ method: 'POST', target: '/v1/models', headers: {} }, Buffer.from(''))).toBe(404)
  })
})
