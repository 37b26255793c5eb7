/** A server that answers every request in the same way and remembers what it was sent. */
import http, { type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Recorded = { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }

export type RecordingServer = {
  readonly baseUrl: string
  readonly requests: Recorded[]
  close(): Promise<void>
}

/** @param answer - the JSON text of every answer, given once as many requests have come as `together` says */
export async function startRecordingServer(answer: string, together = 1): Promise<RecordingServer> {
  const requests: Recorded[] = []
  const held: (() => void)[] = []
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    requests.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) })
    held.push(() => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(answer)
    })
    if (held.length >= together) for (const release of held.splice(0)) release()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
