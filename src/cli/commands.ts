/** Commands that ask a gateway, running or started for the moment, and print what it says. */
import { listSettings } from '../config.ts'
import type { LedgerReport } from '../ports/ledger.ts'
import { formatTao } from '../units.ts'
import { askAdmin, CommandError } from './admin-client.ts'
import { describeKey } from './key-commands.ts'
import type { RunFile } from './run-file.ts'

/** Runs `work` with the admin door of a gateway: the running one, else one started for the moment. */
export type WithGateway = <Result>(work: (run: Pick<RunFile, 'admin'>) => Promise<Result>) => Promise<Result>

const print = (text: string) => {
  process.stdout.write(`${text}\n`)
}

export async function printConfig({ json }: { readonly json: boolean }): Promise<void> {
  const rows = listSettings()
  if (json) {
    print(JSON.stringify(rows, null, 2))
    return
  }
  for (const { name, default: byDefault, value, reason } of rows) {
    const now = value === byDefault ? '' : `\n    now: ${value}`
    print(`${name}\n    default: ${byDefault ?? '(none)'}${now}\n    ${reason}`)
  }
}

export async function createAccount(
  name: string,
  options: { readonly devnetFund?: string; readonly json: boolean },
  withGateway: WithGateway,
): Promise<void> {
  const body = { name, ...(options.devnetFund !== undefined && { devnet_fund: options.devnetFund }) }
  const made = await withGateway((run) => askAdmin(run, { method: 'POST', path: '/accounts', body }))
  if (options.json) {
    print(JSON.stringify(made))
    return
  }
  print(`account          ${name}`)
  print(`key              ${String(made.key)}   (shown this once)`)
  print(`deposit address  ${String(made.deposit_address)}`)
  print(`balance          ${String(made.available_tao)} TAO`)
}

export async function listAccounts(
  options: { readonly json: boolean },
  withGateway: WithGateway,
): Promise<void> {
  const { data } = await withGateway((run) => askAdmin(run, { method: 'GET', path: '/accounts' }))
  if (!Array.isArray(data)) throw new CommandError('The gateway gave no list.')
  if (options.json) {
    print(JSON.stringify(data))
    return
  }
  for (const row of data as Record<string, string>[]) print(describeAccount(row))
}

export async function showAccount(
  name: string,
  options: { readonly json: boolean },
  withGateway: WithGateway,
): Promise<void> {
  const path = `/accounts/${encodeURIComponent(name)}`
  const account = await withGateway((run) => askAdmin(run, { method: 'GET', path }))
  if (options.json) {
    print(JSON.stringify(account))
    return
  }
  const { keys, ...row } = account
  // The gateway's own answer: texts, and a list of keys.
  print(describeAccount(row as Record<string, string>))
  for (const key of Array.isArray(keys) ? keys : []) print(`  ${describeKey(key)}`)
}

function describeAccount(row: Readonly<Record<string, string>>): string {
  const tao = (amountRao: string | undefined) => formatTao(BigInt(amountRao ?? '0'))
  return `${row.name}  available ${tao(row.available_rao)}  held ${tao(row.held_rao)}  spent ${tao(row.spent_rao)} TAO  deposit ${row.deposit_address}`
}

/** @returns whether every invariant holds */
export function printReport(report: LedgerReport, { json }: { readonly json: boolean }): boolean {
  if (json) print(JSON.stringify(report))
  else {
    for (const { name, passed, detail } of report.checks)
      print(`${passed ? 'ok   ' : 'WRONG'} ${name}: ${detail}`)
    print(report.holds ? 'The books balance.' : 'The books do NOT balance.')
  }
  return report.holds
}
