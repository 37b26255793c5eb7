/** onnxruntime 1.30 opens a database in the user's cache and a connection to its maker, unless it is told not to. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launch, ROOT, type RunningGateway, remove } from '../e2e/gateway.ts'

const home = mkdtempSync(join(tmpdir(), 'home-'))
let gateway: RunningGateway

beforeAll(async () => {
  gateway = await launch({ env: { HOME: home, ORT_DISABLE_TELEMETRY: '' } })
})
afterAll(async () => {
  await gateway?.kill()
  if (gateway) remove(gateway.directory)
  remove(home)
})

it('a gateway whose experts have worked has left nothing in the home of its user', async () => {
  const form = new FormData()
  form.append('model', 'yuma-transcribe')
  form.append('file', new Blob([readFileSync(join(ROOT, 'examples/spoken-request.wav'))]), 'spoken.wav')
  const answer = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}` },
    body: form,
  })
  expect(answer.status).toBe(200)
  expect(readdirSync(home)).toEqual([])
})
