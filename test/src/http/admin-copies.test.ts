import { Hono } from 'hono'
import { afterEach, expect, it } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { adminCopiesApp, type WriteCopy } from '../../../src/http/admin-copies.ts'
import type { HttpEnv } from '../../../src/http/http-env.ts'
import { replyError } from '../../../src/http/reply.ts'
import { RunningSignals } from '../../../src/http/running-signals.ts'
import { type Served, serveApp } from '../../../src/http/serve.ts'

let served: Served | null = null
const failures: unknown[] = []
afterEach(async () => {
  await served?.close(0)
  failures.length = 0
})

async function serve(backup: WriteCopy): Promise<string> {
  const app = new Hono<HttpEnv>()
  app.route('/', adminCopiesApp({ backup, exportLedger: async () => undefined }))
  app.onError((error, c) => {
    failures.push(error)
    c.set('requestId', 'admin')
    return replyError(c, error)
  })
  const signals = new RunningSignals({ requestTimeoutMs: 10_000 })
  served = await serveApp(app, { host: '127.0.0.1', port: 0, signals })
  return served.url
}

it('a backup comes as it is made, to its end', async () => {
  const url = await serve(async (write) => {
    for (let part = 0; part < 50; part += 1) await write(Buffer.alloc(100_000, part))
  })
  const answer = await fetch(`${url}/backup`)
  expect(answer.headers.get('content-type')).toBe('application/gzip')
  expect((await answer.arrayBuffer()).byteLength).toBe(5_000_000)
})

it('an export of nothing is whole', async () => {
  const url = await serve(async () => undefined)
  const answer = await fetch(`${url}/ledger/export`)
  expect([answer.status, await answer.text()]).toEqual([200, ''])
})

it('what fails before the first byte is an error as any other', async () => {
  const url = await serve(async () => {
    throw new GatewayError('ledger_unavailable', 'The ledger cannot be reached now.')
  })
  expect((await fetch(`${url}/backup`)).status).toBe(503)
})

it('what fails on the way is cut off and told to the log: a part is never taken for the whole', async () => {
  const failure = new Error('disk')
  const url = await serve(async (write) => {
    await write(Buffer.alloc(100_000))
    throw failure
  })
  const whole = fetch(`${url}/backup`).then((answer) => answer.arrayBuffer())
  await expect(whole).rejects.toThrow()
  expect(failures).toEqual([failure])
})

it('a reader that leaves ends the copy', async () => {
  let ended: (reason: unknown) => void = () => {}
  const isEnded = new Promise((resolve) => {
    ended = resolve
  })
  const url = await serve(async (write) => {
    try {
      for (;;) await write(Buffer.alloc(1_000_000))
    } catch (error) {
      ended(error)
      throw error
    }
  })
  const controller = new AbortController()
  const answer = await fetch(`${url}/backup`, { signal: controller.signal })
  await answer.body?.getReader().read()
  controller.abort()
  expect(await isEnded).toBeInstanceOf(Error)
})
