/** The door for commands of this machine: a port of its own on loopback, with the token of `run.json`. */
import { timingSafeEqual } from 'node:crypto'
import { Hono } from 'hono'
import type { AccountService } from '../billing/accounts.ts'
import { GatewayError } from '../errors.ts'
import type { Accounts } from '../ports/accounts.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import { formatTao, parseTao } from '../units.ts'
import { readBearer } from './authenticate.ts'
import type { HttpEnv } from './http-env.ts'
import { replyError, replyJson } from './reply.ts'
import { readJsonBody } from './request-body.ts'

const BODY_BYTES_MAX = 64 * 1024

export type AdminAppOptions = {
  readonly token: string
  readonly accounts: AccountService
  readonly rows: Accounts
  readonly ledger: Ledger
  readonly log: Logger
  /** Sends TAO of the devnet's faucet and resolves when it is spendable; null outside the devnet profile. */
  readonly fund: ((accountId: string, amountRao: bigint) => Promise<void>) | null
}

export function createAdminApp(options: AdminAppOptions) {
  const { accounts, rows, ledger, log, token } = options
  const expected = Buffer.from(token)
  const app = new Hono<HttpEnv>()
  app.use(async (c, next) => {
    c.set('requestId', 'admin')
    const given = Buffer.from(readBearer(c.env.incoming))
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new GatewayError('invalid_api_key', 'The token is not that of this gateway.')
    }
    await next()
  })
  app.post('/accounts', async (c) => {
    const { value } = await readJsonBody(c.env.incoming, BODY_BYTES_MAX)
    const { name, amountRao } = readOrder(value)
    if (amountRao !== null && !options.fund) {
      throw new GatewayError(
        'invalid_request',
        'Only the devnet profile has a faucet. Send TAO to the deposit address instead.',
      )
    }
    const { account, key } = await accounts.create(name)
    if (amountRao !== null) await options.fund?.(account.id, amountRao)
    const { availableRao } = await ledger.readBalance(account.id)
    return replyJson(c, {
      account: { id: account.id, name: account.name },
      key: key.text,
      deposit_address: account.depositAddress,
      available_rao: availableRao.toString(),
      available_tao: formatTao(availableRao),
    })
  })
  app.get('/accounts', async (c) => {
    const list = await rows.list()
    const data = await Promise.all(
      list.map(async (account) => {
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
      }),
    )
    return replyJson(c, { object: 'list', data })
  })
  app.get('/ledger/verify', async (c) => replyJson(c, await ledger.verify()))
  app.notFound((c) => replyError(c, new GatewayError('not_found', 'There is no such command.')))
  app.onError((thrown, c) => {
    const error = GatewayError.from(thrown)
    if (error.spec.blame === 'gateway') log.error({ path: c.req.path, err: error.cause }, error.message)
    return replyError(c, error)
  })
  return app
}

function readOrder(value: unknown): { name: string; amountRao: bigint | null } {
  const { name, devnet_fund: fund } = value as { name?: unknown; devnet_fund?: unknown }
  if (typeof name !== 'string')
    throw new GatewayError('invalid_request', 'name: is required.', { param: 'name' })
  if (fund === undefined || fund === null) return { name, amountRao: null }
  const amountRao = typeof fund === 'string' ? parseTao(fund) : null
  if (amountRao === null || amountRao === 0n) {
    throw new GatewayError(
      'invalid_request',
      'devnet_fund: must be an amount in TAO with at most nine decimals, such as 12.5.',
      {
        param: 'devnet_fund',
      },
    )
  }
  return { name, amountRao }
}
