/** The door for operators: a port of its own, with a token. What it serves is in docs/admin-api.md; a test compares the two. */
import { Hono } from 'hono'
import type { AccountService } from '../billing/accounts.ts'
import { GatewayError } from '../errors.ts'
import type { Account } from '../ports/accounts.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import { formatTao, parseTao } from '../units.ts'
import { keyToJson, NEW_ACCOUNT, readBody } from './admin-bodies.ts'
import { type AdminCopies, adminCopiesApp } from './admin-copies.ts'
import { guardAdmin, readActor } from './admin-guard.ts'
import { type AdminKeysOptions, adminAuditApp, adminKeysApp, findAccount } from './admin-keys.ts'
import type { HttpEnv } from './http-env.ts'
import { type MetricsAppOptions, metricsApp } from './metrics.ts'
import { replyError, replyJson } from './reply.ts'
import { readJsonBody } from './request-body.ts'

const BODY_BYTES_MAX = 64 * 1024

export type AdminAppOptions = AdminKeysOptions & {
  readonly token: string
  /** Absent where nothing runs that could be watched, as for a command that asks the store itself. */
  readonly metrics?: MetricsAppOptions
  /** The name that it listens on. */
  readonly host: string
  readonly accounts: AccountService
  readonly ledger: Ledger
  /** Not given: no such routes. */
  readonly copies?: AdminCopies
  readonly log: Logger
  /** Sends TAO of the devnet's faucet and resolves when it is spendable; null outside the devnet profile. */
  readonly fund: ((accountId: string, amountRao: bigint) => Promise<void>) | null
}

export function createAdminApp(options: AdminAppOptions) {
  const { accounts, rows, ledger, log } = options
  const app = new Hono<HttpEnv>()
  // Before the guard, since it has a token of its own too.
  if (options.metrics) app.route('/metrics', metricsApp(options.metrics))
  app.use(guardAdmin([options.token], options.host))
  const show = async (account: Account) => {
    const balance = await ledger.readBalance(account.id)
    return {
      id: account.id,
      name: account.name,
      deposit_address: account.depositAddress,
      available_rao: balance.availableRao.toString(),
      held_rao: balance.heldRao.toString(),
      spent_rao: balance.spentRao.toString(),
      created_at: account.createdAt,
    }
  }
  app.post('/accounts', async (c) => {
    const { value } = await readJsonBody(c.env.incoming, BODY_BYTES_MAX)
    const { name, devnet_fund: fund } = readBody(NEW_ACCOUNT, value)
    const amountRao = readFund(fund ?? null)
    if (amountRao !== null && !options.fund) {
      throw new GatewayError(
        'invalid_request',
        'Only the devnet profile has a faucet. Send TAO to the deposit address instead.',
      )
    }
    const { account, key } = await accounts.create(name, readActor(c))
    if (amountRao !== null) await options.fund?.(account.id, amountRao)
    const { availableRao } = await ledger.readBalance(account.id)
    return replyJson(c, {
      account: { id: account.id, name: account.name },
      key: key.text,
      key_id: key.record.id,
      deposit_address: account.depositAddress,
      available_rao: availableRao.toString(),
      available_tao: formatTao(availableRao),
    })
  })
  app.get('/accounts', async (c) =>
    replyJson(c, { object: 'list', data: await Promise.all((await rows.list()).map(show)) }),
  )
  app.get('/accounts/:account', async (c) => {
    const account = await findAccount(rows, c.req.param('account'))
    const keys = await accounts.keys.list({ accountId: account.id })
    return replyJson(c, { ...(await show(account)), keys: keys.map(keyToJson) })
  })
  app.route('/keys', adminKeysApp(options))
  app.route('/audit', adminAuditApp(options))
  if (options.copies) app.route('/', adminCopiesApp(options.copies))
  app.get('/ledger/verify', async (c) => replyJson(c, await ledger.verify()))
  app.notFound((c) => replyError(c, new GatewayError('not_found', 'There is no such command.')))
  app.onError((thrown, c) => {
    const error = GatewayError.from(thrown)
    if (error.spec.blame === 'gateway') log.error({ path: c.req.path, err: error.cause }, error.message)
    return replyError(c, error)
  })
  return app
}

/** @throws GatewayError `invalid_request` */
function readFund(fund: string | null): bigint | null {
  if (fund === null) return null
  const amountRao = parseTao(fund)
  if (amountRao !== null && amountRao > 0n) return amountRao
  throw new GatewayError(
    'invalid_request',
    'devnet_fund: must be an amount in TAO with at most nine decimals, such as 12.5.',
    { param: 'devnet_fund' },
  )
}
