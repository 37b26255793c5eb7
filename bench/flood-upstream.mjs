/**
 * An OpenAI-compatible server whose streams are as long as the first argument says, in megabytes, and come as fast as they are read. Most of
 * an event is a field that nobody counts, so that what is measured is memory, not the counting of tokens.
 */
import { createServer } from 'node:http'

const sizeBytes = Number(process.argv[2] ?? 8) * 1_000_000
const id = 'chatcmpl-flood'
const created = 1_764_000_000
const model = 'flood'
const chunk = (delta, finish = null) =>
  `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const part = Buffer.from(chunk({ content: 'word ', padding: 'x'.repeat(16_384) }))
const whole = JSON.stringify({
  id,
  object: 'chat.completion',
  created,
  model,
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
})

createServer((incoming, outgoing) => {
  let body = ''
  incoming.setEncoding('utf8')
  incoming.on('data', (text) => {
    body += text
  })
  incoming.on('end', () => {
    if (!/"stream":\s*true/.test(body)) {
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end(whole)
      return
    }
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    outgoing.write(chunk({ role: 'assistant', content: '' }))
    let left = sizeBytes
    const next = () => {
      while (left > 0) {
        left -= part.length
        if (!outgoing.write(part)) {
          outgoing.once('drain', next)
          return
        }
      }
      outgoing.end(`${chunk({}, 'stop')}data: [DONE]\n\n`)
    }
    next()
  })
}).listen(0, '127.0.0.1', function () {
  process.stdout.write(`${JSON.stringify({ ready: true, port: this.address().port })}\n`)
})
