/** Accounts and their balances: transfers, fees, the existential deposit. Every path keeps issuance equal to the sum of all accounts. */
import { EXISTENTIAL_DEPOSIT_RAO } from '../runtime/metadata.ts'
import { balances, system } from '../runtime/pallets.ts'
import type { AccountInfo, DispatchError } from '../runtime/primitives.ts'
import type { Overlay } from '../state/overlay.ts'
import type { CallContext } from './context.ts'

export function readAccount(state: Overlay, account: string): AccountInfo {
  return state.read(system.account, account)
}

/** Stores free balance and nonce; an account without either is removed. */
export function writeAccount(
  state: Overlay,
  account: string,
  change: { readonly freeRao?: bigint; readonly nonce?: number },
): void {
  const before = readAccount(state, account)
  const free = change.freeRao ?? before.data.free
  const nonce = change.nonce ?? before.nonce
  const exists = free > 0n || before.data.reserved > 0n
  state.write(
    system.account,
    [account],
    exists ? { ...before, nonce, providers: 1, data: { ...before.data, free } } : null,
  )
}

/** Burns the fee. The account was checked to have it. */
export function withdrawFee(context: CallContext, account: string, feeRao: bigint): void {
  const { nonce, data } = readAccount(context.state, account)
  writeAccount(context.state, account, { freeRao: data.free - feeRao, nonce: nonce + 1 })
  if (feeRao === 0n) return
  changeIssuance(context, -feeRao)
  context.emit({
    kind: 'Balances',
    value: { _0: { kind: 'Withdraw', value: { who: account, amount: feeRao } } },
  })
}

/** Moves money and announces it. @returns what is wrong, with nothing changed, or null */
export function transfer(
  context: CallContext,
  move: {
    readonly from: string
    readonly to: string
    readonly amountRao: bigint
    readonly keepAlive: boolean
  },
): DispatchError | null {
  const source = readAccount(context.state, move.from).data
  const target = readAccount(context.state, move.to).data
  if (source.free < move.amountRao) return tokenError('FundsUnavailable')
  const rest = source.free - move.amountRao
  if (move.keepAlive && rest < EXISTENTIAL_DEPOSIT_RAO) return tokenError('NotExpendable')
  if (target.free + move.amountRao < EXISTENTIAL_DEPOSIT_RAO) return tokenError('BelowMinimum')
  // As the balances pallet has it: nothing moves, and nothing is announced.
  if (move.from === move.to) return null
  if (target.free === 0n && target.reserved === 0n) announceAccount(context, move.to, move.amountRao)
  writeAccount(context.state, move.to, { freeRao: target.free + move.amountRao })
  if (rest < EXISTENTIAL_DEPOSIT_RAO && source.reserved === 0n) reap(context, move.from, rest)
  else writeAccount(context.state, move.from, { freeRao: rest })
  emitBalances(context, {
    kind: 'Transfer',
    value: { from: move.from, to: move.to, amount: move.amountRao },
  })
  return null
}

export function tokenError(kind: 'FundsUnavailable' | 'NotExpendable' | 'BelowMinimum'): DispatchError {
  return { kind: 'Token', value: { _0: kind } }
}

function announceAccount(context: CallContext, account: string, freeRao: bigint): void {
  context.emit({ kind: 'System', value: { _0: { kind: 'NewAccount', value: { account } } } })
  emitBalances(context, { kind: 'Endowed', value: { account, free_balance: freeRao } })
}

/** Removes an account that is below the existential deposit. What is left of it is destroyed. */
function reap(context: CallContext, account: string, dustRao: bigint): void {
  context.state.write(system.account, [account], null)
  context.emit({ kind: 'System', value: { _0: { kind: 'KilledAccount', value: { account } } } })
  if (dustRao === 0n) return
  changeIssuance(context, -dustRao)
  emitBalances(context, { kind: 'DustLost', value: { account, amount: dustRao } })
}

function changeIssuance({ state }: CallContext, differenceRao: bigint): void {
  state.write(balances.totalIssuance, [], state.read(balances.totalIssuance) + differenceRao)
}

function emitBalances(
  context: CallContext,
  event: Extract<Parameters<CallContext['emit']>[0], { readonly kind: 'Balances' }>['value']['_0'],
): void {
  context.emit({ kind: 'Balances', value: { _0: event } })
}
