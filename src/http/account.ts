/** `GET /v1/account` and `/v1/receipts`: what there is, what was spent, and for what. Free, also at zero balance. */
import { Hono } from 'hono'
import { receiptToJson } from '../billing/receipt.ts'
import { GatewayError } from '../errors.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { HttpEnv } from './http-env.ts'
import { replyJson } from './reply.ts'

const LIST_DEFAULT = 20
const LIST_MAX = 100

export type AccountAppOptions = {
  readonly ledger: Ledger
  /** The chain that deposits are made on; null while it is not known. */
  readonly readGenesisHash: () => string | null
}

export function accountApp({ ledger, readGenesisHash }: AccountAppOptions) {
  return new Hono<HttpEnv>().get('/', async (c) => {
    const { account } = c.var.principal
    const balance = await ledger.readBalance(account.id)
    const genesisHash = readGenesisHash()
    return replyJson(c, {
      id: account.id,
      object: 'account',
      name: account.name,
      available_rao: balance.availableRao.toString(),
      held_rao: balance.heldRao.toString(),
      spent_rao: balance.spentRao.toString(),
      deposit: {
        address: account.depositAddress,
        network: genesisHash === null ? 'unknown until the chain is reached' : `bittensor:${genesisHash}`,
        asset: 'TAO',
      },
    })
  })
}

export function receiptsApp({ ledger }: Pick<AccountAppOptions, 'ledger'>) {
  return new Hono<HttpEnv>()
    .get('/', async (c) => {
      const limit = readLimit(c.req.query('limit'))
      const receipts = await ledger.listReceipts(c.var.principal.account.id, limit)
      return replyJson(c, { object: 'list', data: receipts.map(receiptToJson) })
    })
    .get('/:receipt', async (c) => {
      const receipt = await ledger.findReceipt(c.var.principal.account.id, c.req.param('receipt'))
      if (!receipt) throw new GatewayError('not_found', 'There is no such receipt.')
      return replyJson(c, receiptToJson(receipt))
    })
}

/** @throws GatewayError `invalid_request` */
export function readLimit(text: string | undefined): number {
  if (text === undefined) return LIST_DEFAULT
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= LIST_MAX) return limit
  throw new GatewayError('invalid_request', `limit: must be a number from 1 to ${LIST_MAX}.`, {
    param: 'limit',
  })
}
