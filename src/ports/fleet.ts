/** The port to the processes that share one store: who lives, who holds which office, and what the dead have left. All by the database's clock. */
import type { Deposits } from './ledger.ts'

export type ProcessRole = 'gateway' | 'worker'

export type ProcessIdentity = {
  /** Another one after each start. */
  readonly id: string
  readonly role: ProcessRole
}

/** A process without a heartbeat for so long is dead. */
export const DEAD_AFTER_MS = 10_000

export type SweepDeadOptions = {
  /** Who sweeps. It is never among the dead. */
  readonly processId: string
  readonly deadAfterMs: number
  /**
   * Sweeps only when its own heartbeat has had no gap for so long: after an outage of the store everybody's heartbeat is old, and each
   * must have had time to beat again. So does a clock of the database that jumps.
   */
  readonly steadyForMs: number
}

/** What was taken back from the dead. */
export type SweptDead = { readonly holds: number; readonly steps: number }

export interface Fleet {
  /** Writes this process's heartbeat. @returns all that live, itself among them */
  beat(self: ProcessIdentity): Promise<readonly ProcessIdentity[]>
  /** Ends the heartbeat at once: whatever it still had is free for others at their next sweep. */
  leave(processId: string): Promise<void>
  /** Releases open holds of single requests of dead processes and makes the steps that they had claimed due again. Repeatable by any process. */
  sweepDead(options: SweepDeadOptions): Promise<SweptDead>
  /** Binds the store to a chain, once for ever. @returns the genesis hash that it is bound to: another one than asked for when it was bound before */
  bindChain(genesisHash: string): Promise<string>
}

/** The fencing number of a lease: raised with each taking, so that of two holders the later one has the higher. */
export type LeaseTerm = { readonly name: string; readonly fence: number }

/** Offices that one process at a time may hold. */
export interface Leases {
  /** Takes a lease that is free or has ended. @returns null while another one has it */
  take(name: string, holderId: string, leaseMs: number): Promise<LeaseTerm | null>
  /** @returns false when it was taken by another one meanwhile */
  renew(term: LeaseTerm, leaseMs: number): Promise<boolean>
  /** Gives it back, if it is still ours. */
  release(term: LeaseTerm): Promise<void>
}

export interface FencedDeposits extends Deposits {
  /** Crediting that checks, in its transaction, that nobody has taken the lease since. @throws GatewayError `conflict` when somebody has, with nothing changed */
  under(term: LeaseTerm): Pick<Deposits, 'credit'>
}
