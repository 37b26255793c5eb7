/** What many gateways are at heart: Hono, the global fetch, web streams. Checks, holds and meters nothing. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()
app.post('/v1/chat/completions', async (c) => {
  const body = await c.req.json()
  const answer = await fetch(`${process.argv[2]}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (body.stream)
    return new Response(answer.body, {
      status: answer.status,
      headers: { 'content-type': 'text/event-stream' },
    })
  return c.json(await answer.json(), answer.status)
})
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`)
})
