/**
 * The fixed upstream of every measurement: an OpenAI-compatible server that answers at once, about 0.9 KB whole or 20 events streamed.
 * Arguments: port, and milliseconds to wait before each answer.
 */
import { createServer } from 'node:http'

const CONTENT = 'The quick brown fox jumps over the lazy dog near the river bank while the sun sets slowly. '
  .repeat(7)
  .trim()
const delayMs = Number(process.argv[3] ?? 0)
const id = 'chatcmpl-bench'
const created = 1_764_000_000
const model = 'bench-model'

const whole = Buffer.from(
  JSON.stringify({
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: CONTENT, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 40, completion_tokens: 140, total_tokens: 180 },
    system_fingerprint: 'fp_bench',
  }),
)

const chunk = (delta, finish) =>
  `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const words = CONTENT.split(' ')
const perEvent = Math.ceil(words.length / 18)
const events = [
  chunk({ role: 'assistant', content: '' }, null),
  ...Array.from({ length: 18 }, (_, i) =>
    chunk({ content: `${words.slice(i * perEvent, (i + 1) * perEvent).join(' ')} ` }, null),
  ),
  chunk({}, 'stop'),
]
const streamed = [...events.map((event) => Buffer.from(event)), Buffer.from('data: [DONE]\n\n')]

createServer((incoming, outgoing) => {
  let body = ''
  incoming.setEncoding('utf8')
  incoming.on('data', (part) => {
    body += part
  })
  incoming.on('end', async () => {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    if (/"stream":\s*true/.test(body)) {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const event of streamed) outgoing.write(event)
      outgoing.end()
    } else {
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length })
      outgoing.end(whole)
    }
  })
}).listen(Number(process.argv[2] ?? 0), '127.0.0.1', function () {
  process.stdout.write(`${JSON.stringify({ ready: true, port: this.address().port })}\n`)
})
