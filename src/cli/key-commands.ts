/** `yumagate key …` and `yumagate audit`: keys of a gateway, by its admin API. */
import { formatTao } from '../units.ts'
import { askAdmin, CommandError } from './admin-client.ts'
import type { WithGateway } from './commands.ts'
import { type CurrentBudget, type KeyFlags, readDuration, readKeyFlags } from './key-options.ts'

type Json = { readonly json: boolean }

export type KeyActions = {
  create(account: string, options: KeyFlags & Json): Promise<void>
  list(account: string | undefined, options: Json): Promise<void>
  show(keyId: string, options: Json): Promise<void>
  limit(keyId: string, options: KeyFlags & Json): Promise<void>
  rotate(keyId: string, options: Json & { readonly overlap: string }): Promise<void>
  revoke(keyId: string, options: Json): Promise<void>
  audit(options: Json & { readonly limit: string }): Promise<void>
}

type Row = Record<string, unknown>

const print = (text: string) => {
  process.stdout.write(`${text}\n`)
}

/** Shows a key once with its text, or as JSON. */
const printKey = (key: Row, { json }: Json): void => {
  if (json) print(JSON.stringify(key))
  else {
    if (typeof key.key === 'string') print(`key          ${key.key}   (shown this once)`)
    print(describeKey(key))
  }
}

export function createKeyActions(withGateway: WithGateway): KeyActions {
  const at = (keyId: string) => `/keys/${encodeURIComponent(keyId)}`
  return {
    async create(account, options) {
      const body = { account, ...readKeyFlags(options, null, Date.now()) }
      const key = await withGateway((run) => askAdmin(run, { method: 'POST', path: '/keys', body }))
      printKey(key, options)
    },
    async list(account, { json }) {
      const path = account === undefined ? '/keys' : `/keys?account=${encodeURIComponent(account)}`
      const { data } = await withGateway((run) => askAdmin(run, { method: 'GET', path }))
      const rows = rowsOf(data)
      if (json) print(JSON.stringify(rows))
      else for (const row of rows) print(describeKey(row))
    },
    async show(keyId, options) {
      printKey(await withGateway((run) => askAdmin(run, { method: 'GET', path: at(keyId) })), options)
    },
    async limit(keyId, options) {
      const key = await withGateway(async (run) => {
        const isPart = (options.budget === undefined) !== (options.budgetPeriod === undefined)
        // A flag for a part of the budget leaves the other part as it is.
        const before = isPart ? await askAdmin(run, { method: 'GET', path: at(keyId) }) : null
        const body = readKeyFlags(options, budgetOf(before), Date.now())
        if (Object.keys(body).length === 0)
          throw new CommandError('Nothing to change: yumagate key limit --help lists the limits.')
        return await askAdmin(run, { method: 'PATCH', path: at(keyId), body })
      })
      printKey(key, options)
    },
    async rotate(keyId, options) {
      const body = { overlap_s: readDuration(options.overlap, '--overlap') }
      const path = `${at(keyId)}/rotate`
      const key = await withGateway((run) => askAdmin(run, { method: 'POST', path, body }))
      printKey(key, options)
      if (!options.json) print(`The old key ${keyId} goes on for ${options.overlap} at most.`)
    },
    async revoke(keyId, options) {
      const path = `${at(keyId)}/revoke`
      printKey(await withGateway((run) => askAdmin(run, { method: 'POST', path, body: {} })), options)
    },
    async audit({ json, limit }) {
      const path = `/audit?limit=${encodeURIComponent(limit)}`
      const { data } = await withGateway((run) => askAdmin(run, { method: 'GET', path }))
      const rows = rowsOf(data)
      if (json) {
        print(JSON.stringify(rows))
        return
      }
      for (const { at: when, actor, address, action, subject, details } of rows) {
        print(`${when}  ${actor}@${address ?? '-'}  ${action}  ${subject}  ${JSON.stringify(details)}`)
      }
    },
  }
}

/** One line: which key, whose, what it may do and what it has spent. */
export function describeKey(key: Row): string {
  const parts = [`${key.id}`, `${key.prefix}…`, `${key.status}`, `of ${key.account}`]
  const list = (name: string, value: unknown) => {
    if (Array.isArray(value)) parts.push(`${name} ${value.join(',')}`)
  }
  const fact = (name: string, value: unknown) => {
    if (value !== null && value !== undefined) parts.push(`${name} ${value}`)
  }
  fact('name', key.name)
  fact('expires', key.expires_at)
  fact('replaced by', key.replaced_by)
  list('capabilities', key.capabilities)
  list('models', key.models)
  list('networks', key.networks)
  fact('requests/min', key.requests_per_minute)
  fact('tokens/min', key.tokens_per_minute)
  fact('rao/min', key.rao_per_minute)
  const budget = budgetOf(key)
  if (budget) {
    const spent = formatTao(BigInt(budget.spent_rao ?? '0'))
    parts.push(`budget ${spent} of ${formatTao(BigInt(budget.amount_rao))} TAO (${budget.period})`)
  }
  fact('last used', key.last_used_at)
  return parts.join('  ')
}

function budgetOf(key: Row | null): (NonNullable<CurrentBudget> & { readonly spent_rao?: string }) | null {
  const budget = key?.budget
  if (typeof budget !== 'object' || budget === null || !('amount_rao' in budget) || !('period' in budget))
    return null
  const spent = 'spent_rao' in budget ? { spent_rao: String(budget.spent_rao) } : {}
  return { amount_rao: String(budget.amount_rao), period: String(budget.period), ...spent }
}

function rowsOf(data: unknown): readonly Row[] {
  if (!Array.isArray(data)) throw new CommandError('The gateway gave no list.')
  return data
}
