/** Keys, and the log of changes, on the admin port. */
import { Hono } from 'hono'
import type { AccountService } from '../billing/accounts.ts'
import { GatewayError } from '../errors.ts'
import type { Account, Accounts } from '../ports/accounts.ts'
import type { AuditLog, KeyListing, KeyRules } from '../ports/keys.ts'
import { KEY_CHANGE, keyToJson, NEW_KEY, ROTATION, readBody, toChange } from './admin-bodies.ts'
import { readActor } from './admin-guard.ts'
import type { HttpEnv } from './http-env.ts'
import { replyJson } from './reply.ts'
import { readJsonBody } from './request-body.ts'

export type AdminKeysOptions = {
  readonly accounts: Pick<AccountService, 'addKey' | 'keys'>
  readonly rows: Accounts
  readonly audit: AuditLog
  readonly knowsModel: (modelId: string) => boolean
}

const BODY_BYTES_MAX = 64 * 1024
const AUDIT_DEFAULT = 50
const AUDIT_MAX = 1_000

const NO_RULES: KeyRules = {
  capabilities: null,
  models: null,
  networks: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  raoPerMinute: null,
  budget: null,
}

export function adminKeysApp({ accounts, rows, knowsModel }: AdminKeysOptions) {
  const get = async (keyId: string): Promise<KeyListing> => {
    const [key] = await accounts.keys.list({ keyId })
    if (key) return key
    throw new GatewayError('not_found', 'There is no such key.')
  }
  return new Hono<HttpEnv>()
    .get('/', async (c) => {
      const name = c.req.query('account')
      const filter = name === undefined ? {} : { accountId: (await findAccount(rows, name)).id }
      const keys = await accounts.keys.list(filter)
      return replyJson(c, { object: 'list', data: keys.map(keyToJson) })
    })
    .post('/', async (c) => {
      const { value } = await readJsonBody(c.env.incoming, BODY_BYTES_MAX)
      const { account: accountName, ...limits } = readBody(NEW_KEY, value)
      const { rules, ...more } = toChange(limits, knowsModel)
      const account = await findAccount(rows, accountName)
      const order = { ...more, rules: { ...NO_RULES, ...rules }, by: readActor(c) }
      const { record, text } = await accounts.addKey(account.id, order)
      return replyJson(c, { ...keyToJson(await get(record.id)), key: text }, { status: 201 })
    })
    .get('/:key', async (c) => replyJson(c, keyToJson(await get(c.req.param('key')))))
    .patch('/:key', async (c) => {
      const { value } = await readJsonBody(c.env.incoming, BODY_BYTES_MAX)
      const change = toChange(readBody(KEY_CHANGE, value), knowsModel)
      return replyJson(c, keyToJson(await accounts.keys.change(c.req.param('key'), change, readActor(c))))
    })
    .post('/:key/rotate', async (c) => {
      const { value } = await readJsonBody(c.env.incoming, BODY_BYTES_MAX)
      const { overlap_s: overlapS } = readBody(ROTATION, value)
      const { key, text } = await accounts.keys.rotate(c.req.param('key'), overlapS * 1000, readActor(c))
      return replyJson(c, { ...keyToJson(key), key: text }, { status: 201 })
    })
    .post('/:key/revoke', async (c) =>
      replyJson(c, keyToJson(await accounts.keys.revoke(c.req.param('key'), readActor(c)))),
    )
}

export function adminAuditApp({ audit }: Pick<AdminKeysOptions, 'audit'>) {
  return new Hono<HttpEnv>().get('/', async (c) => {
    const limit = readNumber(c.req.query('limit'), 'limit') ?? AUDIT_DEFAULT
    const before = readNumber(c.req.query('before'), 'before')
    const entries = await audit.list({ limit: Math.min(limit, AUDIT_MAX), before })
    const data = entries.map(({ actor, ...entry }) => ({
      ...entry,
      actor: actor.name,
      address: actor.address,
    }))
    return replyJson(c, { object: 'list', data })
  })
}

/** By id or by name. @throws GatewayError `not_found` */
export async function findAccount(rows: Accounts, idOrName: string): Promise<Account> {
  const named = await rows.findByName(idOrName)
  return named ?? (await rows.get(idOrName))
}

/** @throws GatewayError `invalid_request` */
function readNumber(text: string | undefined, param: string): number | null {
  if (text === undefined) return null
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new GatewayError('invalid_request', `${param}: must be a whole number above zero.`, { param })
}
