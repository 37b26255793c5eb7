/** The floor: node:http and undici, JSON parsed both ways, events piped. Checks, holds and meters nothing. */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(process.argv[2], { connections: 128, pipelining: 1 })

createServer((incoming, outgoing) => {
  const parts = []
  incoming.on('data', (part) => parts.push(part))
  incoming.on('end', async () => {
    const body = JSON.parse(Buffer.concat(parts).toString())
    const {
      statusCode,
      headers,
      body: answer,
    } = await pool.request({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (body.stream) {
      outgoing.writeHead(statusCode, { 'content-type': headers['content-type'] })
      answer.pipe(outgoing)
    } else {
      const text = JSON.stringify(JSON.parse(await answer.text()))
      outgoing.writeHead(statusCode, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      })
      outgoing.end(text)
    }
  })
}).listen(0, '127.0.0.1', function () {
  process.stdout.write(`${JSON.stringify({ ready: true, port: this.address().port })}\n`)
})
