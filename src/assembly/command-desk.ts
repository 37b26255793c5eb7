/** The admin API over the store that all share, for a command where no gateway runs: without a chain, on loopback, for the moment. */
import { randomBytes, randomUUID } from 'node:crypto'
import { createAccountService } from '../billing/accounts.ts'
import { systemTiming } from '../billing/timing.ts'
import { createAdminApp } from '../http/admin.ts'
import { RunningSignals } from '../http/running-signals.ts'
import { serveApp } from '../http/serve.ts'
import { Directory } from '../network/directory.ts'
import { readSubnets } from './files.ts'
import type { StartOptions } from './gateway.ts'
import { readDepositAddresses } from './network.ts'
import { openStore } from './storage.ts'

export type CommandDesk = {
  readonly admin: { readonly url: string; readonly token: string }
  close(): Promise<void>
}

const LOOPBACK = '127.0.0.1'

/** @throws StartError the store cannot be opened, a file is wrong */
export async function openCommandDesk(
  options: Pick<StartOptions, 'config' | 'files' | 'log'>,
): Promise<CommandDesk> {
  const { config, files, log } = options
  const directory = new Directory({ file: readSubnets(config, files), bearers: new Map() })
  const { store } = await openStore({ ...options, processId: randomUUID() }, { isCommand: true })
  const token = randomBytes(32).toString('base64url')
  const app = createAdminApp({
    ...{ token, host: LOOPBACK, rows: store.accounts, audit: store.audit, ledger: store.ledger, log },
    accounts: createAccountService({
      ...{ accounts: store.accounts, keys: store.keys, random: randomBytes, timing: systemTiming },
      readAddress: await readDepositAddresses(),
    }),
    knowsModel: (modelId) => directory.find(modelId).some(({ listedId }) => listedId === modelId),
    fund: null,
  })
  const signals = new RunningSignals({ requestTimeoutMs: config.requestTimeoutMs })
  const served = await serveApp(app, { host: LOOPBACK, port: 0, signals })
  return {
    admin: { url: served.url, token },
    async close() {
      await served.close(0)
      await store.lifecycle.close()
    },
  }
}
