/** Writes a miner's answers, and misbehaves where a fault was asked for. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Fault } from './faults.ts'

/** What `slow-` waits before it answers, and between the first deltas of a stream. */
const SLOW_MS = 1_200
/** After so many pauses the rest of a slow stream comes at once: a long answer must come to its end. */
const SLOW_PAUSES = 4

export type Reply = {
  readonly response: ServerResponse
  readonly fault: Fault | null
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal
}

/** Writes a whole answer. */
export async function replyWhole({ response, fault, signal }: Reply, json: string): Promise<void> {
  if (fault === 'slow') await wait(SLOW_MS, undefined, { signal })
  const text = fault === 'garbage' ? '{"weather": "purple"' : json
  const bytes = Buffer.from(text)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length })
  if (fault === 'cut') {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy())
  } else {
    response.end(bytes)
  }
}

/**
 * Writes a stream. The head is sent with the first payload, so that a failure before it keeps its status; one after it is told inside
 * the stream, which then ends without `[DONE]`.
 */
export async function replyStream(reply: Reply, payloads: AsyncIterable<string>): Promise<void> {
  const { response, fault, signal } = reply
  if (fault === 'slow') await wait(SLOW_MS, undefined, { signal })
  let count = 0
  try {
    for await (const payload of payloads) {
      if (count === 0)
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
      if (fault === 'garbage') {
        response.end('data: {"weather": "purple\n\n')
        return
      }
      count += 1
      if (fault === 'slow' && count > 1 && count <= SLOW_PAUSES) await wait(SLOW_MS, undefined, { signal })
      const event = `data: ${payload}\n\n`
      // The first payload has the role alone, the second the first token.
      if (fault === 'cut' && count === 2) {
        response.write(event, () => response.destroy())
        return
      }
      if (!response.write(event)) await once(response, 'drain', { signal })
    }
  } catch (error) {
    if (count === 0 || signal.aborted) throw error
    response.end(`data: ${JSON.stringify({ error: { message: 'The miner failed.', code: 500 } })}\n\n`)
    return
  }
  response.end('data: [DONE]\n\n')
}
