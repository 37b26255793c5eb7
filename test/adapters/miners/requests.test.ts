/** What each dialect puts on the wire. */
import { hash } from 'node:crypto'
import busboy from 'busboy'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { btauthPayload } from '../../../adapters/miners/btauth1/payload.ts'
import { dendriteBodyHash } from '../../../adapters/miners/dendrite10/hash.ts'
import {
  createBtauth1Dialect,
  createDendrite10Dialect,
  createOpenAIDialect,
  MINER_LIMITS,
} from '../../../adapters/miners/index.ts'
import type {
  ChatWork,
  Dialect,
  ImageWork,
  MinerTarget,
  TranscriptionWork,
  Work,
} from '../../../src/ports/miner.ts'
import { fakeSigner, verifyFake } from '../../fakes/signer.ts'
import { COMPLETION } from './miner-server.ts'
import { type Recorded, type RecordingServer, startRecordingServer } from './recording-server.ts'

const MINER = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'
const NOW = 1_764_000_000_000
const signer = fakeSigner()
const settings = {
  limits: MINER_LIMITS,
  nowMs: () => NOW,
  signer,
  random: () => 0,
  externalIp: '203.0.113.7',
}
const chat: ChatWork = {
  kind: 'chat',
  body: '{"model":"m", "temperature": 1.0, "text":"Grüße"}',
  stream: false,
}
const hearing: TranscriptionWork = {
  kind: 'transcription',
  model: 'hear-1',
  wav: Buffer.from('RIFF\r\n--x'),
  durationSeconds: 1,
  language: 'de',
  prompt: 'Grüße\r\n"quoted"',
  temperature: 0,
}
const painting: ImageWork = {
  kind: 'image',
  model: 'paint-1',
  prompt: 'a tree',
  width: 640,
  height: 480,
  count: 1,
  seed: null,
  format: 'png',
  background: 'auto',
}

let server: RecordingServer
let dialect: Dialect

async function start(make: typeof createOpenAIDialect | typeof createBtauth1Dialect, answer: string) {
  server = await startRecordingServer(answer)
  dialect = make(settings)
}

async function send(work: Work, changes: Partial<MinerTarget> = {}): Promise<Recorded> {
  await dialect.attempt(target(changes), work, options())
  const request = server.requests.at(-1)
  if (!request) throw new Error('nothing came')
  return request
}

function target(changes: Partial<MinerTarget> = {}): MinerTarget {
  return { netuid: 1, mechid: 0, uid: 3, hotkey: MINER, baseUrl: server.baseUrl, bearer: null, ...changes }
}

const options = () => ({
  timeoutMs: 12_000,
  firstByteTimeoutMs: 12_000,
  signal: new AbortController().signal,
})

afterEach(async () => {
  await dialect.close()
  await server.close()
})

describe('openai', () => {
  it('sends the chat body as it is, below /v1 when the URL has no path', async () => {
    await start(createOpenAIDialect, COMPLETION)
    const { url, headers, body } = await send(chat)
    expect([url, headers['content-type'], headers.authorization]).toEqual([
      '/v1/chat/completions',
      'application/json',
      undefined,
    ])
    expect(body.toString()).toBe(chat.body)
  })

  it('sends the bearer key, below the path of the URL', async () => {
    await start(createOpenAIDialect, COMPLETION)
    const { url, headers } = await send(chat, { baseUrl: `${server.baseUrl}/api/v2/`, bearer: 'sk-1' })
    expect([url, headers.authorization]).toEqual(['/api/v2/chat/completions', 'Bearer sk-1'])
  })

  it('sends a recording as a form that a server reads back whole', async () => {
    await start(createOpenAIDialect, '{"text":"hi"}')
    const { url, headers, body } = await send(hearing)
    expect(url).toBe('/v1/audio/transcriptions')
    expect(await readForm(headers, body)).toEqual({
      fields: [
        ['model', 'hear-1'],
        ['response_format', 'verbose_json'],
        ['timestamp_granularities[]', 'word'],
        ['timestamp_granularities[]', 'segment'],
        ['language', 'de'],
        ['prompt', 'Grüße\r\n"quoted"'],
        ['temperature', '0'],
      ],
      file: { name: 'file', fileName: 'audio.wav', mime: 'audio/wav', text: 'RIFF\r\n--x' },
    })
  })

  it('sends of a picture only what was asked for', async () => {
    await start(createOpenAIDialect, `{"data":[{"b64_json":"iVBORw0KGgoAAA=="}]}`)
    expect(JSON.parse((await send(painting)).body.toString())).toEqual({
      model: 'paint-1',
      prompt: 'a tree',
      n: 1,
      size: '640x480',
      response_format: 'b64_json',
    })
    const { body } = await send({ ...painting, seed: 7, format: 'webp', background: 'transparent' })
    expect(JSON.parse(body.toString())).toMatchObject({
      seed: 7,
      output_format: 'webp',
      background: 'transparent',
    })
  })

  it('connects to a host name only for a server of the subnets file', async () => {
    await start(createOpenAIDialect, COMPLETION)
    const baseUrl = server.baseUrl.replace('127.0.0.1', 'localhost')
    await expect(send(chat, { baseUrl })).rejects.toMatchObject({ code: 'no_expert_available' })
    expect(server.requests).toHaveLength(0)
    await send(chat, { baseUrl, netuid: null, uid: null })
  })
})

describe('btauth1', () => {
  it.each([
    ['chat', chat, '/v1/chat/completions', COMPLETION],
    ['transcription', hearing, '/v1/audio/transcriptions', '{"text":"hi"}'],
  ])('signs path and body of a %s', async (_name, work, path, answer) => {
    await start(createBtauth1Dialect, answer)
    const { url, headers, body } = await send(work)
    expect(url).toBe(path)
    expect(headers).toMatchObject({
      'x-bittensor-version': '1',
      'x-bittensor-hotkey': signer.hotkey,
      'x-bittensor-receiver': MINER,
      'x-bittensor-nonce': `${NOW}000000`,
    })
    const payload = btauthPayload('sr25519', {
      method: 'POST',
      target: path,
      bodySha256: hash('sha256', body, 'hex'),
      nonce: `${NOW}000000`,
      sender: signer.hotkey,
      receiver: MINER,
    })
    expect(
      verifyFake(Buffer.from(payload), signatureOf(headers['x-bittensor-signature']), signer.hotkey),
    ).toBe(true)
  })

  it('hashes a body of several megabytes whole', async () => {
    await start(createBtauth1Dialect, '{"text":"hi"}')
    const { headers, body } = await send({ ...hearing, wav: Buffer.alloc(5_000_000, 'wave') })
    const payload = btauthPayload('sr25519', {
      method: 'POST',
      target: '/v1/audio/transcriptions',
      bodySha256: hash('sha256', body, 'hex'),
      nonce: `${NOW}000000`,
      sender: signer.hotkey,
      receiver: MINER,
    })
    expect(
      verifyFake(Buffer.from(payload), signatureOf(headers['x-bittensor-signature']), signer.hotkey),
    ).toBe(true)
  })

  it('never connects to a host name', async () => {
    await start(createBtauth1Dialect, COMPLETION)
    const baseUrl = server.baseUrl.replace('127.0.0.1', 'localhost')
    await expect(send(chat, { baseUrl, uid: null })).rejects.toMatchObject({ code: 'no_expert_available' })
  })
})

describe('dendrite10', () => {
  beforeEach(async () => {
    server = await startRecordingServer(`{"completion":${COMPLETION}}`)
    dialect = createDendrite10Dialect(settings)
  })

  it('sends the synapse with the headers of the Python dendrite', async () => {
    const { url, headers, body } = await send(chat)
    const { port } = new URL(server.baseUrl)
    expect(url).toBe('/ChatCompletion')
    expect(headers).toMatchObject({
      name: 'ChatCompletion',
      timeout: '12.0',
      bt_header_axon_ip: '127.0.0.1',
      bt_header_axon_port: port,
      bt_header_axon_hotkey: MINER,
      bt_header_dendrite_ip: '203.0.113.7',
      bt_header_dendrite_version: '10002000',
      bt_header_dendrite_nonce: `${NOW}000000`,
      bt_header_dendrite_hotkey: signer.hotkey,
      bt_header_input_obj_request: 'IiI=',
      computed_body_hash: dendriteBodyHash([chat.body]),
      header_size: '0',
      total_size: `${body.length}`,
    })
    expect(body.toString()).toContain(`"nonce":${NOW}000000`)
    expect(JSON.parse(body.toString())).toMatchObject({
      name: 'ChatCompletion',
      timeout: 12,
      computed_body_hash: '',
      request: chat.body,
      completion: null,
    })
  })

  it('signs nonce, hotkeys, uuid and body hash', async () => {
    const { headers } = await send(chat)
    const uuid = headers.bt_header_dendrite_uuid
    const message = `${NOW}000000.${signer.hotkey}.${MINER}.${uuid}.${dendriteBodyHash([chat.body])}`
    const signature = signatureOf(headers.bt_header_dendrite_signature)
    expect(verifyFake(Buffer.from(message), signature, signer.hotkey)).toBe(true)
  })

  it('gives calls side by side uuids of their own and uses them again, nonces rising in each', async () => {
    await server.close()
    server = await startRecordingServer(`{"completion":${COMPLETION}}`, 8)
    const round = () =>
      Promise.all(Array.from({ length: 8 }, () => dialect.attempt(target(), chat, options())))
    await round()
    await round()
    const uuids = server.requests.map((request) => request.headers.bt_header_dendrite_uuid)
    expect(new Set(uuids.slice(0, 8)).size).toBe(8)
    expect(new Set(uuids).size).toBe(8)
    const nonces = server.requests.map((request) => BigInt(String(request.headers.bt_header_dendrite_nonce)))
    expect(new Set(nonces).size).toBe(16)
    for (const [index, uuid] of uuids.slice(0, 8).entries()) {
      expect((nonces[uuids.lastIndexOf(uuid)] ?? 0n) > (nonces[index] ?? 0n)).toBe(true)
    }
  })

  it('carries chats only', async () => {
    await expect(send(hearing)).rejects.toMatchObject({ code: 'expert_bad_response' })
    await send(chat)
  })
})

function signatureOf(header: unknown): Uint8Array {
  const text = String(header)
  expect(text).toMatch(/^0x[0-9a-f]{128}$/)
  return Buffer.from(text.slice(2), 'hex')
}

async function readForm(headers: Recorded['headers'], body: Buffer) {
  const fields: [string, string][] = []
  let file: object | null = null
  const form = busboy({ headers, defParamCharset: 'utf8' })
  form.on('field', (name, value) => fields.push([name, value]))
  form.on('file', (name, stream, { filename: fileName, mimeType: mime }) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      file = { name, fileName, mime, text: Buffer.concat(chunks).toString() }
    })
  })
  await new Promise((resolve, reject) => form.on('close', resolve).on('error', reject).end(body))
  return { fields, file }
}
