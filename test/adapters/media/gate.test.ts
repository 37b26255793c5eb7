import { expect, it } from 'vitest'
import { Gate } from '../../../adapters/media/gate.ts'
import { GatewayError } from '../../../src/errors.ts'

const { signal } = new AbortController()

/** A task that ends when told. */
function task() {
  let end: (value: string) => void = () => {}
  const ended = new Promise<string>((resolve) => {
    end = resolve
  })
  const state = { runs: 0 }
  const run = () => {
    state.runs += 1
    return ended
  }
  return { run, end, state }
}

it('at most as many tasks run as may, the others in their order', async () => {
  const gate = new Gate({ openMax: 1, queueMax: 2 })
  const [first, second, third] = [task(), task(), task()]
  const results = [first, second, third].map((one) => gate.pass(one.run, signal))
  expect([first.state.runs, second.state.runs, third.state.runs]).toEqual([1, 0, 0])
  first.end('first')
  expect(await results[0]).toBe('first')
  expect([second.state.runs, third.state.runs]).toEqual([1, 0])
  second.end('second')
  third.end('third')
  expect(await Promise.all(results)).toEqual(['first', 'second', 'third'])
})

it('one more than may wait is queue_full', async () => {
  const gate = new Gate({ openMax: 1, queueMax: 0 })
  const first = task()
  const running = gate.pass(first.run, signal)
  await expect(gate.pass(async () => 1, signal)).rejects.toMatchObject({
    code: 'queue_full',
    retryAfterMs: 1000,
  })
  first.end('done')
  await running
  expect(await gate.pass(async () => 1, signal)).toBe(1)
})

it('an aborted task that runs keeps its place until it ends', async () => {
  const gate = new Gate({ openMax: 1, queueMax: 1 })
  const controller = new AbortController()
  const [first, second] = [task(), task()]
  const running = gate.pass(first.run, controller.signal)
  const waiting = gate.pass(second.run, signal)
  controller.abort(new GatewayError('expert_timeout', 'Too late.'))
  await expect(running).rejects.toMatchObject({ code: 'expert_timeout' })
  expect(second.state.runs).toBe(0)
  first.end('nobody listens')
  second.end('second')
  expect(await waiting).toBe('second')
})

it('an aborted task that waits never runs', async () => {
  const gate = new Gate({ openMax: 1, queueMax: 1 })
  const controller = new AbortController()
  const [first, second] = [task(), task()]
  const running = gate.pass(first.run, signal)
  const waiting = gate.pass(second.run, controller.signal)
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'client_closed_request' })
  first.end('done')
  await running
  expect(second.state.runs).toBe(0)
})

it('a task that fails gives its place back', async () => {
  const gate = new Gate({ openMax: 1, queueMax: 1 })
  await expect(gate.pass(() => Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken')
  expect(await gate.pass(async () => 'next', signal)).toBe('next')
})
