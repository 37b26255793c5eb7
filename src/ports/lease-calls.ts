/** The port by which processes on one store ask each other about the spend leases of an account: money that only one of them can give. */

/** What this process answers to the others. */
export type LeaseKeeper = {
  /** Gives back what nobody has reserved of an account's leases. */
  giveBack(accountId: string): void
  /** What requests in flight reserve of each lease of an account, by its id. */
  readReserved(accountId: string): ReadonlyMap<string, bigint>
}

export interface LeaseCalls {
  /** From now on the others are answered. */
  serve(keeper: LeaseKeeper): void
  /** Asks the others to give back what nobody has reserved. @returns false when no other process has a lease of that account; never rejects */
  callHome(accountId: string): Promise<boolean>
  /**
   * What requests in flight at other processes reserve of the account's leases, by lease. The leases of those who do not answer in a
   * moment are missing. Never rejects.
   */
  askReserved(accountId: string): Promise<ReadonlyMap<string, bigint>>
}
