/** What an extrinsic costs: a weight that depends on its call, and 1 rao a byte. */

import type { RuntimeCall } from '../runtime/calls.ts'
import { EXISTENTIAL_DEPOSIT_RAO } from '../runtime/metadata.ts'
import type { DispatchInfo } from '../runtime/primitives.ts'

/** About what `transfer_keep_alive` weighs on spec 467; with its 140-odd bytes it costs about 0.00008 TAO. */
const REFERENCE_TIME = 163_159_000n
const PROOF_SIZE = 3_593n

/** Rao for each unit of reference time is 0.0005. */
const TIME_PER_RAO = 2_000n

export type Fee = { readonly feeRao: bigint; readonly info: DispatchInfo }

/** Serving an axon is free, as on the real chain. */
export function feeOf(call: RuntimeCall, sizeBytes: number): Fee {
  const isFree = call.kind === 'SubtensorModule'
  const count = BigInt(countCalls(call))
  const info: DispatchInfo = {
    weight: { ref_time: REFERENCE_TIME * count, proof_size: PROOF_SIZE * count },
    class: 'Normal',
    pays_fee: isFree ? 'No' : 'Yes',
  }
  return { feeRao: isFree ? 0n : (REFERENCE_TIME * count) / TIME_PER_RAO + BigInt(sizeBytes), info }
}

/** Whether a fee can be taken without ending the account: the chain takes none otherwise. */
export function canPay(freeRao: bigint, feeRao: bigint): boolean {
  return feeRao === 0n || freeRao >= feeRao + EXISTENTIAL_DEPOSIT_RAO
}

/** Calls in all, those inside batches counted. */
function countCalls(call: RuntimeCall): number {
  if (call.kind !== 'Utility') return 1
  const utility = call.value._0
  if (utility.kind === 'as_derivative') return 1 + countCalls(utility.value.call)
  return utility.value.calls.reduce((sum, item) => sum + countCalls(item), 1)
}

/** How deep calls are nested; 1 for a plain one. */
export function depthOf(call: RuntimeCall): number {
  if (call.kind !== 'Utility') return 1
  const utility = call.value._0
  if (utility.kind === 'as_derivative') return 1 + depthOf(utility.value.call)
  return 1 + Math.max(0, ...utility.value.calls.map(depthOf))
}
