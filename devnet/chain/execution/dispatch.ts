/** What each call does. A call that fails leaves no trace but its error. */
import { blake2AsU8a } from '@polkadot/util-crypto'
import { blake256 } from '../hashing.ts'
import type {
  AddressValue,
  BalancesCall,
  RuntimeCall,
  ServeAxon,
  SystemCall,
  UtilityCall,
} from '../runtime/calls.ts'
import type { UtilityEvent } from '../runtime/events.ts'
import { EXISTENTIAL_DEPOSIT_RAO } from '../runtime/metadata.ts'
import { PALLET_INDEX, SUBTENSOR_ERROR_INDEX, subtensor } from '../runtime/pallets.ts'
import type { DispatchError } from '../runtime/primitives.ts'
import { readOptional } from '../runtime/storage.ts'
import { concatBytes, fromHex, toHex } from '../scale/bytes.ts'
import { readAccount, transfer } from './accounts.ts'
import type { CallContext } from './context.ts'

/** Items of one batch, as the utility pallet's limit for a call of the smallest size. */
const BATCH_CALLS_MAX = 512

const IPV4_MAX = 2n ** 32n - 1n
const IPV4_LOOPBACK = 0x7f000001n
const IPV6_MAX = 2n ** 128n - 1n

/** Runs a call for an account. @returns its error, with nothing changed, or null */
export function dispatch(context: CallContext, origin: string, call: RuntimeCall): DispatchError | null {
  const nested = context.nested()
  const error = run(nested, origin, call)
  if (error === null) context.keep(nested)
  return error
}

function run(context: CallContext, origin: string, call: RuntimeCall): DispatchError | null {
  switch (call.kind) {
    case 'System':
      return remark(context, origin, call.value._0)
    case 'Timestamp':
      // Only a block's author may say the time.
      return { kind: 'BadOrigin', value: {} }
    case 'Balances':
      return runTransfer(context, origin, call.value._0)
    case 'SubtensorModule':
      return serveAxon(context, origin, call.value._0.value)
    case 'Utility':
      return runUtility(context, origin, call.value._0)
  }
}

function remark(context: CallContext, origin: string, call: SystemCall): null {
  if (call.kind === 'remark_with_event') {
    const hash = blake256(call.value.remark)
    context.emit({ kind: 'System', value: { _0: { kind: 'Remarked', value: { sender: origin, hash } } } })
  }
  return null
}

function runTransfer(context: CallContext, origin: string, call: BalancesCall): DispatchError | null {
  const to = findAccount(call.value.dest)
  if (to === null) return { kind: 'CannotLookup', value: {} }
  if (call.kind === 'transfer_all') {
    const { free } = readAccount(context.state, origin).data
    const keptRao = call.value.keep_alive ? EXISTENTIAL_DEPOSIT_RAO : 0n
    const amountRao = free > keptRao ? free - keptRao : 0n
    return transfer(context, { from: origin, to, amountRao, keepAlive: call.value.keep_alive })
  }
  return transfer(context, {
    from: origin,
    to,
    amountRao: call.value.value,
    keepAlive: call.kind === 'transfer_keep_alive',
  })
}

function serveAxon(context: CallContext, origin: string, axon: ServeAxon): DispatchError | null {
  const { netuid, ...published } = axon
  const uid = readOptional(context.state, subtensor.uids, netuid, origin)
  if (uid === null) return subtensorError('HotKeyNotRegisteredInNetwork')
  const problem = axonProblem(axon)
  if (problem) return subtensorError(problem)
  context.state.write(subtensor.axons, [netuid, origin], { block: BigInt(context.blockNumber), ...published })
  context.emit({
    kind: 'SubtensorModule',
    value: { _0: { kind: 'AxonServed', value: { _0: netuid, _1: origin } } },
  })
  return null
}

/** The chain's own checks: a zero address and private ranges pass. */
function axonProblem(axon: ServeAxon): keyof typeof SUBTENSOR_ERROR_INDEX | null {
  if (axon.ip_type !== 4 && axon.ip_type !== 6) return 'InvalidIpType'
  const isV4 = axon.ip_type === 4
  const isBadAddress = isV4
    ? axon.ip >= IPV4_MAX || axon.ip === IPV4_LOOPBACK
    : axon.ip === IPV6_MAX || axon.ip === 1n
  if (isBadAddress) return 'InvalidIpAddress'
  return axon.port === 0 ? 'InvalidPort' : null
}

function runUtility(context: CallContext, origin: string, call: UtilityCall): DispatchError | null {
  if (call.kind === 'as_derivative') {
    return dispatch(context, derivativeAccount(origin, call.value.index), call.value.call)
  }
  if (call.value.calls.length > BATCH_CALLS_MAX) return moduleError(PALLET_INDEX.Utility, 0)
  let failed = 0
  for (const [index, item] of call.value.calls.entries()) {
    const error = dispatch(context, origin, item)
    if (error === null) emitUtility(context, { kind: 'ItemCompleted', value: {} })
    else if (call.kind === 'batch_all') return error
    else if (call.kind === 'batch') {
      emitUtility(context, { kind: 'BatchInterrupted', value: { index, error } })
      return null
    } else {
      failed += 1
      emitUtility(context, { kind: 'ItemFailed', value: { error } })
    }
  }
  emitUtility(context, { kind: failed > 0 ? 'BatchCompletedWithErrors' : 'BatchCompleted', value: {} })
  return null
}

/** The account that `as_derivative` speaks for: a hash of the parent and the index, for which no key exists. */
export function derivativeAccount(parent: string, index: number): string {
  const indexBytes = new Uint8Array([index & 0xff, index >> 8])
  return toHex(
    blake2AsU8a(concatBytes(new TextEncoder().encode('modlpy/utilisuba'), fromHex(parent), indexBytes), 256),
  )
}

/** The account that an address names; null for the forms that name none here. */
export function findAccount(address: AddressValue): string | null {
  return address.kind === 'Id' || address.kind === 'Address32' ? address.value._0 : null
}

function subtensorError(name: keyof typeof SUBTENSOR_ERROR_INDEX): DispatchError {
  return moduleError(PALLET_INDEX.SubtensorModule, SUBTENSOR_ERROR_INDEX[name])
}

function moduleError(index: number, error: number): DispatchError {
  return { kind: 'Module', value: { _0: { index, error: toHex(new Uint8Array([error, 0, 0, 0])) } } }
}

function emitUtility(context: CallContext, event: UtilityEvent): void {
  context.emit({ kind: 'Utility', value: { _0: event } })
}
