/** Spend leases of several processes on one store: what each gives to the others, and what all of them leave available. */
import type { LeaseCalls } from '../ports/lease-calls.ts'
import type { Balance, Ledger } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import type { SpendLeases } from './spend-leases.ts'
import { sleep, type Timing } from './timing.ts'

export type SharedLeasesOptions = {
  readonly ledger: Pick<Ledger, 'readBalance'>
  /** Absent where no other process shares the store. */
  readonly leaseCalls?: LeaseCalls
  readonly timing: Timing
  readonly log: Logger
}

/** What other processes are given to give back their leases. */
const HOME_MS = 200

/** Answers other processes. @returns `Purse.recall`: own leases first, then those of others, which need a moment */
export function serveLeases(
  leases: SpendLeases,
  { leaseCalls, timing, log }: SharedLeasesOptions,
): (accountId: string) => Promise<boolean> {
  leaseCalls?.serve({
    giveBack: (accountId) =>
      void leases.recall(accountId).catch((error: unknown) => {
        log.warn({ error }, 'A spend lease that another process needs could not be given back yet.')
      }),
    readReserved: (accountId) => leases.reservedRao(accountId),
  })
  return async (accountId) => {
    const [had, others] = await Promise.all([leases.recall(accountId), leaseCalls?.callHome(accountId)])
    if (others) await sleep(timing, HOME_MS)
    return had || others === true
  }
}

/** The balance with what nobody has reserved of spend leases available, those of other processes too. */
export async function readShown(
  accountId: string,
  leases: SpendLeases,
  { ledger, leaseCalls }: SharedLeasesOptions,
): Promise<Balance> {
  const elsewhere = await leaseCalls?.askReserved(accountId)
  return ledger.readBalance(accountId, new Map([...(elsewhere ?? []), ...leases.reservedRao(accountId)]))
}
