/**
 * The devnet's process: chain, miners, faucet. Forked by the gateway, told what to do by its first message, and gone when its channel
 * closes, also after the gateway was killed. Signals to the whole process group (Ctrl-C) are the gateway's to act on.
 */

import type { FromDevnet, ToDevnet } from './messages.ts'
import { runDevnet } from './run.ts'

process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)

const send = (message: FromDevnet): Promise<void> =>
  new Promise((resolve) => {
    if (process.send && process.connected) process.send(message, undefined, {}, () => resolve())
    else resolve()
  })

async function fail(error: unknown): Promise<never> {
  await send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}

process.on('uncaughtException', (error) => void fail(error))
process.on('unhandledRejection', (error) => void fail(error))

if (process.send && process.connected) {
  const devnet = runDevnet(send)
  process.on('message', (message: ToDevnet) => {
    devnet.take(message).catch(fail)
  })
  process.on('disconnect', () => {
    // Whatever hangs must not keep a process that nobody knows of.
    setTimeout(() => process.exit(1), 5_000).unref()
    devnet.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
} else if (!process.send) {
  process.stderr.write('This is the devnet of yumagate. The gateway starts it: npm start\n')
  process.exitCode = 2
}
