/** The records of `System.Events`, in each layout that the chain can be told to have. */

import { twox } from '../hashing.ts'
import { ByteSink, concatBytes, toHex } from '../scale/bytes.ts'
import { type Codec, decode, encode, type ValueOf } from '../scale/codec.ts'
import { vec } from '../scale/collections.ts'
import { enumeration, struct } from '../scale/named.ts'
import { encodeCompact } from '../scale/numbers.ts'
import {
  balancesEvent,
  balancesEventWithMemo,
  feeEvent,
  PALLET_INDEX,
  subtensorEvent,
  systemEvent,
  utilityEvent,
} from './pallets.ts'
import { hash256, type Phase, phase } from './primitives.ts'

/** `memo` is a layout that no client knows beforehand: a runtime upgrade put a field into `Balances.Transfer`. */
export type EventLayout = 'current' | 'memo'

export type SystemEvent = ValueOf<typeof systemEvent>
export type BalancesEvent = ValueOf<typeof balancesEvent>
export type SubtensorEvent = ValueOf<typeof subtensorEvent>
export type UtilityEvent = ValueOf<typeof utilityEvent>
export type FeeEvent = ValueOf<typeof feeEvent>

export type RuntimeEvent =
  | { readonly kind: 'System'; readonly value: { readonly _0: SystemEvent } }
  | { readonly kind: 'Balances'; readonly value: { readonly _0: BalancesEvent } }
  | { readonly kind: 'TransactionPayment'; readonly value: { readonly _0: FeeEvent } }
  | { readonly kind: 'SubtensorModule'; readonly value: { readonly _0: SubtensorEvent } }
  | { readonly kind: 'Utility'; readonly value: { readonly _0: UtilityEvent } }

/** Hex of the storage key of `System.Events`. */
export const EVENTS_KEY = toHex(
  concatBytes(...['System', 'Events'].map((part) => twox(new TextEncoder().encode(part), 128))),
)

/** Event types by pallet and layout, for the metadata. */
export function eventCodecs(layout: EventLayout) {
  return {
    System: systemEvent,
    Balances: layout === 'memo' ? balancesEventWithMemo : balancesEvent,
    TransactionPayment: feeEvent,
    SubtensorModule: subtensorEvent,
    Utility: utilityEvent,
  }
}

export function runtimeEventCodec(layout: EventLayout) {
  const codecs = eventCodecs(layout)
  return enumeration('node_subtensor_runtime::RuntimeEvent', {
    System: [PALLET_INDEX.System, { _0: codecs.System }],
    Balances: [PALLET_INDEX.Balances, { _0: codecs.Balances }],
    TransactionPayment: [PALLET_INDEX.TransactionPayment, { _0: codecs.TransactionPayment }],
    SubtensorModule: [PALLET_INDEX.SubtensorModule, { _0: codecs.SubtensorModule }],
    Utility: [PALLET_INDEX.Utility, { _0: codecs.Utility }],
  })
}

/** The whole record, for the metadata. Clients find the event type by the parameter. */
export function eventRecordCodec(layout: EventLayout): Codec<unknown> {
  const event = runtimeEventCodec(layout)
  const record = struct('frame_system::EventRecord', { phase, event, topics: vec(hash256) })
  return {
    encode: record.encode,
    decode: record.decode,
    describe: (types) =>
      types.add('frame_system::EventRecord', () => ({
        path: ['frame_system', 'EventRecord'],
        parameters: [
          { name: 'E', type: event.describe(types) },
          { name: 'T', type: hash256.describe(types) },
        ],
        definition: {
          kind: 'composite',
          fields: [
            { name: 'phase', type: phase.describe(types) },
            { name: 'event', type: event.describe(types) },
            { name: 'topics', type: vec(hash256).describe(types) },
          ],
        },
      })),
  }
}

const eventRecords = vec(
  struct('frame_system::EventRecord', { phase, event: runtimeEventCodec('current'), topics: vec(hash256) }),
)

const CODECS = { current: runtimeEventCodec('current'), memo: runtimeEventCodec('memo') }

/** One record, as it stands in `System.Events`. */
export function encodeEventRecord(phaseValue: Phase, event: RuntimeEvent, layout: EventLayout): Uint8Array {
  return concatBytes(encode(phase, phaseValue), encodeEvent(event, layout), new Uint8Array([0]))
}

/** Reads the value of `System.Events` in the current layout. */
export function decodeEvents(
  bytes: Uint8Array,
): readonly { readonly phase: Phase; readonly event: RuntimeEvent }[] {
  return decode(eventRecords, bytes)
}

/** The value of `System.Events`. */
export function encodeEvents(records: readonly Uint8Array[]): Uint8Array {
  const sink = new ByteSink()
  encodeCompact(records.length, sink)
  for (const record of records) sink.bytes(record)
  return sink.finish()
}

function encodeEvent(event: RuntimeEvent, layout: EventLayout): Uint8Array {
  if (layout === 'current') return encode(CODECS.current, event)
  if (event.kind !== 'Balances' || event.value._0.kind !== 'Transfer') {
    // Every other event has the same layout in both.
    return encode(CODECS.current, event)
  }
  const transfer = { ...event.value._0.value, memo: new TextEncoder().encode('memo') }
  return encode(CODECS.memo, {
    kind: 'Balances',
    value: { _0: { kind: 'Transfer', value: transfer } },
  })
}
