/** Who may call: the miner's view of the chain. */

export type Caller = {
  readonly validatorPermit: boolean
  /** Of this subnet's alpha. */
  readonly stakeRao: bigint
}

/** Callers of one subnet by ss58 hotkey. */
export type StakeTable = ReadonlyMap<string, Caller>

/** What miners in the field ask for as a rule: a permit, and 1,000 of stake. */
export const STAKE_MIN_RAO = 1_000_000_000_000n

/** Why a hotkey is not served; null when it is. */
export function findObjection(table: StakeTable, hotkey: string): string | null {
  const caller = table.get(hotkey)
  if (!caller) return 'The hotkey is not registered on this subnet.'
  if (!caller.validatorPermit) return 'The hotkey has no validator permit.'
  if (caller.stakeRao < STAKE_MIN_RAO) return 'The hotkey has too little stake.'
  return null
}
