/** Builds a block on top of another: the time, the transactions, what tests inject, and the events of all of it. */
import { encodeEventRecord, encodeEvents, type RuntimeEvent } from '../runtime/events.ts'
import { encodeInherent } from '../runtime/extrinsic.ts'
import { BLOCK_HASH_COUNT } from '../runtime/metadata.ts'
import { system, timestamp } from '../runtime/pallets.ts'
import { type DispatchInfo, digestItem, type Phase } from '../runtime/primitives.ts'
import type { StateReader } from '../runtime/storage.ts'
import { CODE_KEY, encodeCode, type RuntimeDescription } from '../runtime/version.ts'
import { concatBytes, toHex } from '../scale/bytes.ts'
import { encode } from '../scale/codec.ts'
import { u64 } from '../scale/numbers.ts'
import { type Block, hashHeader, rootOfChanges, rootOfExtrinsics } from '../state/block.ts'
import { Overlay } from '../state/overlay.ts'
import type { StateChanges } from '../state/versioned-state.ts'
import { readAccount, withdrawFee } from './accounts.ts'
import { CallContext } from './context.ts'
import { dispatch } from './dispatch.ts'
import { canPay } from './fees.ts'
import type { PooledTransaction } from './pool.ts'

const INHERENT_INFO: DispatchInfo = {
  weight: { ref_time: 0n, proof_size: 0n },
  class: 'Mandatory',
  pays_fee: 'No',
}

/** What goes into a block beside transactions. */
export type Injection = {
  readonly changes: StateChanges
  /** Announced at the end of the block, as pallets do that act on their own. */
  readonly events: readonly RuntimeEvent[]
  /** The runtime from the next block on; null keeps it. */
  readonly upgrade: RuntimeDescription | null
}

export type BlockInput = {
  readonly parent: Block
  readonly parentState: StateReader
  readonly transactions: readonly PooledTransaction[]
  readonly injection: Injection
  /** Milliseconds since 1970, later than the parent's. */
  readonly nowMs: number
  /** Tells apart blocks that would else be the same, on two branches. */
  readonly branch: number
}

export type BuiltBlock = {
  readonly block: Block
  readonly included: readonly PooledTransaction[]
  /** Could not stand in this block: the account was emptied by one before it. */
  readonly refused: readonly PooledTransaction[]
}

export function buildBlock(input: BlockInput): BuiltBlock {
  const number = input.parent.number + 1
  const state = new Overlay(input.parentState)
  const records: Uint8Array[] = []
  const record = (phase: Phase, event: RuntimeEvent) =>
    records.push(encodeEventRecord(phase, event, input.parent.runtime.eventLayout))
  beginBlock(state, input.parent, input.nowMs)
  const inherent = encodeInherent({
    kind: 'Timestamp',
    value: { _0: { kind: 'set', value: { now: BigInt(input.nowMs) } } },
  })
  record(extrinsicPhase(0), success(INHERENT_INFO))
  const extrinsics = [toHex(inherent)]
  const included: PooledTransaction[] = []
  const refused: PooledTransaction[] = []
  for (const transaction of input.transactions) {
    const context = new CallContext(new Overlay(state), number)
    if (!canApply(state, transaction)) {
      refused.push(transaction)
      continue
    }
    applyTransaction(context, transaction)
    state.merge(context.state.changes)
    for (const event of context.events) record(extrinsicPhase(extrinsics.length), event)
    extrinsics.push(transaction.hex)
    included.push(transaction)
  }
  state.merge(input.injection.changes)
  for (const event of input.injection.events) record({ kind: 'Finalization', value: {} }, event)
  if (input.injection.upgrade) {
    state.set(CODE_KEY, encodeCode(input.injection.upgrade))
    record(
      { kind: 'Finalization', value: {} },
      { kind: 'System', value: { _0: { kind: 'CodeUpdated', value: {} } } },
    )
  }
  state.write(system.eventCount, [], records.length)
  const block = sealBlock({
    number,
    parentHash: input.parent.hash,
    parentRoot: input.parent.stateRoot,
    logs: digestLogs(input),
    extrinsics,
    events: toHex(encodeEvents(records)),
    runtime: input.injection.upgrade ?? input.parent.runtime,
    changes: state.changes,
  })
  return { block, included, refused }
}

/** Gives a block its roots and its hash. */
export function sealBlock(
  block: Omit<Block, 'hash' | 'stateRoot' | 'extrinsicsRoot'> & { readonly parentRoot: string },
): Block {
  const { parentRoot, ...members } = block
  const stateRoot = rootOfChanges(parentRoot, block.changes)
  const extrinsicsRoot = rootOfExtrinsics(block.extrinsics)
  const unhashed = { ...members, stateRoot, extrinsicsRoot }
  return { ...unhashed, hash: hashHeader(unhashed) }
}

function beginBlock(state: Overlay, parent: Block, nowMs: number): void {
  const number = parent.number + 1
  state.write(system.number, [], number)
  state.write(system.parentHash, [], parent.hash)
  state.write(system.blockHash, [parent.number], parent.hash)
  if (number > BLOCK_HASH_COUNT) state.write(system.blockHash, [number - 1 - BLOCK_HASH_COUNT], null)
  state.write(timestamp.now, [], BigInt(nowMs))
}

/** Checked again: the transactions before it may have emptied the account, or be refused themselves. */
function canApply(state: Overlay, { extrinsic, fee }: PooledTransaction): boolean {
  const account = readAccount(state, extrinsic.signer)
  return (
    account.nonce === extrinsic.terms.nonce && canPay(account.data.free, fee.feeRao + extrinsic.terms.tipRao)
  )
}

function applyTransaction(context: CallContext, transaction: PooledTransaction): void {
  const { extrinsic, fee } = transaction
  const paidRao = fee.feeRao + extrinsic.terms.tipRao
  withdrawFee(context, extrinsic.signer, paidRao)
  const error = dispatch(context, extrinsic.signer, extrinsic.call)
  if (paidRao > 0n) {
    context.emit({
      kind: 'TransactionPayment',
      value: {
        _0: {
          kind: 'TransactionFeePaid',
          value: { who: extrinsic.signer, actual_fee: paidRao, tip: extrinsic.terms.tipRao },
        },
      },
    })
  }
  context.emit(
    error === null
      ? success(fee.info)
      : {
          kind: 'System',
          value: {
            _0: { kind: 'ExtrinsicFailed', value: { dispatch_error: error, dispatch_info: fee.info } },
          },
        },
  )
}

/** Slot and a seal without a meaning, where Aura's authors have theirs. */
function digestLogs(input: BlockInput): string[] {
  const slot = concatBytes(encode(u64, BigInt(input.nowMs)), encode(u64, BigInt(input.branch)))
  const aura = '0x61757261'
  return [
    toHex(encode(digestItem, { kind: 'PreRuntime', value: { _0: aura, _1: slot } })),
    toHex(encode(digestItem, { kind: 'Seal', value: { _0: aura, _1: new Uint8Array(64) } })),
  ]
}

function extrinsicPhase(index: number): Phase {
  return { kind: 'ApplyExtrinsic', value: { _0: index } }
}

function success(info: DispatchInfo): RuntimeEvent {
  return { kind: 'System', value: { _0: { kind: 'ExtrinsicSuccess', value: { dispatch_info: info } } } }
}
