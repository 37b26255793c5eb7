/** Deposits are watched by one process at a time: by lease, and under its fence in every crediting transaction. */
import { type OfficeOptions, openOffice } from '../fleet/office.ts'
import type { FencedDeposits } from '../ports/fleet.ts'
import {
  type DepositWatcher,
  type DepositWatcherOptions,
  type DepositWatcherState,
  startDepositWatcher,
} from './deposits.ts'

export type DepositOfficeOptions = Omit<DepositWatcherOptions, 'deposits'> &
  Pick<OfficeOptions<DepositWatcher>, 'leases' | 'holderId'> & {
    readonly deposits: Pick<FencedDeposits, 'readCursor' | 'listAddresses' | 'under'>
  }

/** The lease's name in the store. */
export const DEPOSIT_OFFICE = 'deposits'

/** Another process watches. */
const STANDBY: DepositWatcherState = {
  status: 'standby',
  cursor: null,
  lagBlocks: null,
  credited: 0,
  unmatched: 0,
  problem: null,
}

/** Starts asking for the lease, and watching while this process has it. Nothing it meets is thrown: see `state`. */
export function openDepositOffice(options: DepositOfficeOptions): DepositWatcher {
  const { leases, holderId, deposits, ...watcher } = options
  const office = openOffice({
    ...{ leases, holderId, timing: options.timing, log: options.log },
    name: DEPOSIT_OFFICE,
    begin: (term) => {
      const fenced = {
        readCursor: () => deposits.readCursor(),
        listAddresses: () => deposits.listAddresses(),
        credit: deposits.under(term).credit,
      }
      return startDepositWatcher({ ...watcher, deposits: fenced })
    },
  })
  return {
    state: () => office.duty()?.state() ?? { ...STANDBY, problem: office.problem() },
    close: () => office.close(),
  }
}
