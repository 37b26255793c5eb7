import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GatewayError } from '../../../src/errors.ts'
import { type Form, readForm } from '../../../src/http/multipart.ts'

const BYTES_MAX = 4096
const uncaught: unknown[] = []
const note = (error: unknown) => uncaught.push(error)

beforeEach(() => {
  uncaught.length = 0
  process.on('uncaughtException', note)
})
afterEach(() => {
  process.off('uncaughtException', note)
})

type Sent = { readonly body: string; readonly length?: number; readonly leaves?: boolean }

/** Sends raw bytes to a real server that reads them as a form. @returns the form, or the code of the error */
async function send({ body, length, leaves }: Sent): Promise<Form | string> {
  const { promise, resolve } = settle<Form | string>()
  const server = createServer((request, response) => {
    readForm(request, BYTES_MAX)
      .then(resolve, (error: GatewayError) => resolve(error.code))
      .finally(() => response.end())
    if (leaves) request.once('data', () => setImmediate(() => socket.destroy()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  const framing = length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`
  socket.write(
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\n${framing}\r\n\r\n`,
  )
  socket.write(length === undefined ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body)
  const result = await promise
  // What a parser or a part still has to say, it says in one of the next turns.
  for (let turn = 0; turn < 5; turn += 1) await new Promise((next) => setImmediate(next))
  socket.destroy()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  return result
}

function settle<Value>() {
  let resolve: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((take) => {
    resolve = take
  })
  return { promise, resolve }
}

const part = (name: string, text: string) =>
  `--b\r\ncontent-disposition: form-data; name="${name}"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\n${text}`
const field = (name: string, text: string) =>
  `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`

describe.each(['file', 'other'])('a form with a file part named %s', (name) => {
  it('that ends inside of it is refused, and the process lives', async () => {
    const body = part(name, 'abc')
    expect(await send({ body })).toBe('invalid_request')
    expect(await send({ body, length: body.length })).toBe('invalid_request')
    expect(uncaught).toEqual([])
  })

  it('that passes the limit inside of it is refused, and the process lives', async () => {
    expect(await send({ body: part(name, 'a'.repeat(2 * BYTES_MAX)) })).toBe('request_too_large')
    expect(uncaught).toEqual([])
  })

  it('whose client leaves inside of it is given up, and the process lives', async () => {
    expect(await send({ body: part(name, 'abc'), length: 4000, leaves: true })).toBe('client_closed_request')
    expect(uncaught).toEqual([])
  })

  it('that has too many fields before it ends inside of it is refused once', async () => {
    const body = `${field('a', 'x').repeat(65)}${part(name, 'abc')}`
    expect(await send({ body })).toBe(body.length > BYTES_MAX ? 'request_too_large' : 'invalid_request')
    expect(uncaught).toEqual([])
  })
})

it('reads fields and the file, and passes over a file part of another name', async () => {
  const whole = await send({ body: `${field('model', 'm')}${part('file', 'abc')}\r\n--b--\r\n` })
  expect(whole).toMatchObject({ file: { fileName: 'a.wav', mime: 'audio/wav', bytes: Buffer.from('abc') } })
  expect(whole).toHaveProperty('fields', new Map([['model', ['m']]]))
  expect(await send({ body: `${part('other', 'abc')}\r\n--b--\r\n` })).toMatchObject({ file: null })
  expect(uncaught).toEqual([])
})
