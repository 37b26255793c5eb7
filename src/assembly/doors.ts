/** The doors: the public API and the admin port. */
import { randomBytes } from 'node:crypto'
import { exportLedger } from '../backup/export-ledger.ts'
import { writeBackup } from '../backup/write-backup.ts'
import type { AccountService } from '../billing/accounts.ts'
import type { Config } from '../config.ts'
import { createAdminApp } from '../http/admin.ts'
import { type AppOptions, createApp } from '../http/app.ts'
import { BodyBudget } from '../http/body-budget.ts'
import { RunningSignals } from '../http/running-signals.ts'
import { type Served, serveApp } from '../http/serve.ts'
import type { StoreBackup } from '../ports/backup.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import type { Metrics, PartStates } from '../ports/metrics.ts'
import type { Blobs, Store } from '../ports/store.ts'
import { StartError } from './files.ts'
import type { DoorStates } from './states.ts'

export type Doors = {
  readonly api: Served
  readonly admin: Served
  readonly adminToken: string
  close(drainMs: number): Promise<void>
}

export type DoorsOptions = {
  readonly config: Config
  readonly log: Logger
  readonly app: AppOptions
  readonly signals: RunningSignals
  readonly accounts: AccountService
  readonly store: Store
  readonly ledger: Ledger
  readonly backup: StoreBackup
  readonly blobs: Blobs
  readonly version: string
  readonly metrics: Metrics
  readonly readStates: (doors: DoorStates) => Promise<PartStates>
  readonly fund: ((accountId: string, amountRao: bigint) => Promise<void>) | null
}

/** @throws StartError the address cannot be had */
export async function openDoors({ config, log, app, signals, ...rest }: DoorsOptions): Promise<Doors> {
  const { host, port, token } = config.admin
  const adminToken = token ?? randomBytes(32).toString('base64url')
  const { directory } = app.models
  const bodies = new BodyBudget(config.bodyBytesMax)
  let served: Served | null = null
  const tokens = config.metricsToken === null ? [adminToken] : [adminToken, config.metricsToken]
  const adminApp = createAdminApp({
    token: adminToken,
    host,
    metrics: {
      ...{ metrics: rest.metrics, tokens, host },
      readStates: () =>
        rest.readStates({ runningRequests: served?.running() ?? 0, bodyBytes: bodies.takenBytes }),
    },
    audit: rest.store.audit,
    knowsModel: (modelId) => directory.find(modelId).some(({ listedId }) => listedId === modelId),
    accounts: rest.accounts,
    rows: rest.store.accounts,
    ledger: rest.ledger,
    copies: {
      backup: (write) => writeBackup(rest, write),
      exportLedger: (write) => exportLedger(rest.backup, write),
    },
    log,
    fund: rest.fund,
  })
  const admin = await serveApp(adminApp, {
    ...{ host, port },
    signals: new RunningSignals({ requestTimeoutMs: config.requestTimeoutMs }),
  }).catch((error: unknown) => {
    throw explainAddress(error, { host, port, setting: 'YUMAGATE_ADMIN_PORT' })
  })
  const api = await serveApp(createApp(app), { host: config.host, port: config.port, signals, bodies }).catch(
    async (error: unknown) => {
      await admin.close(0)
      throw explainAddress(error, { ...config, setting: 'PORT' })
    },
  )
  served = api
  return {
    api,
    admin,
    adminToken,
    async close(drainMs) {
      await api.close(drainMs)
      await admin.close(0)
    },
  }
}

/** Why an address cannot be had, in one line that names the setting. */
export function explainAddress(
  error: unknown,
  { host, port, setting }: { readonly host: string; readonly port: number; readonly setting: string },
): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'EADDRINUSE')
    return new StartError(
      `Port ${port} on ${host} is in use. Set ${setting} to another one, or to 0 for any free one.`,
    )
  if (code === 'EACCES')
    return new StartError(
      `Port ${port} needs rights that this user does not have. Set ${setting} to one above 1023.`,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new StartError(
      `${host} is no address of this machine. Set ${setting === 'YUMAGATE_ADMIN_PORT' ? 'YUMAGATE_ADMIN_HOST' : 'HOST'}.`,
    )
  return error
}
