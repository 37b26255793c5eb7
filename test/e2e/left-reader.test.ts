/** Who reads what the program prints may leave: a pager that is closed, `| head`, a terminal that is gone. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readRunFile } from '../../src/cli/run-file.ts'
import { built, freshDirectory, ROOT, remove } from './gateway.ts'

const open = (args: readonly string[], directory: string) =>
  spawn(process.execPath, [join(ROOT, 'dist/main.mjs'), ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PORT: '0', YUMAGATE_DATA_DIR: directory, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

it('a gateway whose terminal is gone goes on serving, and still drains', async () => {
  await built()
  const directory = freshDirectory()
  const child = open(['start'], directory)
  try {
    child.stderr.resume()
    await once(child.stdout, 'data')
    child.stdout.destroy()
    child.stderr.destroy()
    const run = readRunFile(directory)
    const answer = await fetch(`${run?.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${run?.demoKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'yuma-text',
        messages: [{ role: 'user', content: 'What is 6 times 7?' }],
      }),
    })
    expect(answer.status).toBe(200)
    const ended = once(child, 'exit')
    // Says on standard error that it ends.
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  } finally {
    child.kill('SIGKILL')
    remove(directory)
  }
})

it('a command whose reader leaves ends without a stack trace', async () => {
  await built()
  const directory = freshDirectory()
  const child = open(['config'], directory)
  let errors = ''
  child.stderr.on('data', (part: Buffer) => {
    errors += part.toString()
  })
  child.stdout.destroy()
  const [code] = await once(child, 'close')
  expect([code, errors]).toEqual([0, ''])
  remove(directory)
})
