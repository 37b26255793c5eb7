import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createOpenAIDialect, MINER_LIMITS } from '../../../../adapters/miners/index.ts'

const PAYLOAD = JSON.stringify({
  choices: [{ index: 0, delta: { content: 'x'.repeat(60_000) }, finish_reason: null }],
})
const COUNT = 1_000 // 60 MB in all.

it('a reader that stops makes the miner wait, and gets everything once it reads on', async () => {
  let sentBytes = 0
  const server = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let left = COUNT
    const pour = () => {
      while (left > 0) {
        left -= 1
        sentBytes += PAYLOAD.length
        if (!response.write(`data: ${PAYLOAD}\n\n`)) {
          response.once('drain', pour)
          return
        }
      }
      response.end('data: [DONE]\n\n')
    }
    pour()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const dialect = createOpenAIDialect({ limits: MINER_LIMITS, nowMs: () => 0 })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const answer = await dialect.attempt(
    { netuid: 1, mechid: 0, uid: 1, hotkey: 'h', baseUrl, bearer: null },
    { kind: 'chat', body: '{}', stream: true },
    { timeoutMs: 60_000, firstByteTimeoutMs: 60_000, signal: new AbortController().signal },
  )
  if (answer.kind !== 'chat-stream') throw new Error(answer.kind)
  for (let turn = 0; turn < 3_000; turn += 1) await setImmediate() // Enough for ten times as much.
  expect(sentBytes).toBeLessThan((COUNT * PAYLOAD.length) / 2)
  let read = 0
  for await (const payload of answer.payloads) read += payload.length
  expect(read).toBe(COUNT * PAYLOAD.length)
  await dialect.close()
  await new Promise((resolve) => server.close(resolve))
})
