/** The demo account of the devnet profile: its key, and its funding by a real transfer on the development chain. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { AccountService } from '../billing/accounts.ts'
import type { Account } from '../ports/accounts.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import { RAO_PER_TAO } from '../units.ts'
import { openSecretText } from './secrets.ts'

export const DEMO_ACCOUNT = 'demo'

/** Enough for a million small answers. */
const DEMO_FUND_RAO = 100n * RAO_PER_TAO

/** How often, and how long, a balance is looked at until a transfer is spendable. */
const POLL_MS = 50
const SPENDABLE_TIMEOUT_MS = 60_000

/** Sends TAO of the faucet to an address. */
export type Faucet = (address: string, amountRao: bigint) => Promise<void>

export type DemoAccount = { readonly account: Account; readonly key: string }

const makeKey = () => `sk-yuma-demo-${randomBytes(24).toString('base64url')}`

/** The key of the settings, else the one kept in the data directory, else a new one that is kept there (mode 0600). */
export async function openDemoAccount(
  accounts: Pick<AccountService, 'setOnlyKey'>,
  options: { readonly demoKey: string | null; readonly dataDirectory: string },
): Promise<DemoAccount> {
  const key = options.demoKey ?? openSecretText(join(options.dataDirectory, 'demo-key'), makeKey)
  const open = () => accounts.setOnlyKey(DEMO_ACCOUNT, key)
  // Another process that starts at the same moment may have opened it just before us: the second time it is found.
  const { account } = await open().catch(open)
  return { account, key }
}

/** Funds an account that never had money. @returns whether it was funded */
export async function fundWhenNew(
  account: Account,
  options: { readonly ledger: Ledger; readonly faucet: Faucet; readonly log: Logger },
): Promise<boolean> {
  const { availableRao, heldRao, spentRao } = await options.ledger.readBalance(account.id)
  if (availableRao + heldRao + spentRao > 0n) return false
  await fund(account, DEMO_FUND_RAO, options)
  return true
}

/** Transfers on the development chain and waits until the watcher has credited it. @throws Error when it is not spendable after a minute */
export async function fund(
  account: Account,
  amountRao: bigint,
  { ledger, faucet }: { readonly ledger: Ledger; readonly faucet: Faucet },
): Promise<void> {
  const before = await totalRao(ledger, account.id)
  await faucet(account.depositAddress, amountRao)
  const deadlineMs = performance.now() + SPENDABLE_TIMEOUT_MS
  while ((await totalRao(ledger, account.id)) < before + amountRao) {
    if (performance.now() > deadlineMs) {
      throw new Error(
        'The transfer was sent, but is not credited after a minute. GET /readyz says how far the deposit watcher is.',
      )
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function totalRao(ledger: Ledger, accountId: string): Promise<bigint> {
  const { availableRao, heldRao, spentRao } = await ledger.readBalance(accountId)
  return availableRao + heldRao + spentRao
}
