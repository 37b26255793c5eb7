/**
 * Transfers of TAO in a block, from its events: those tell what happened, whatever call caused it. Decoded with the metadata of the runtime
 * that wrote them, and only if that describes the transfer event as we understand it: a guess would credit money.
 */
import { xxhashAsHex } from '@polkadot/util-crypto'
import type { Transfer } from '../../src/ports/chain.ts'
import { toAddress } from './convert.ts'
import { isAccount, type TypeId } from './decoder.ts'
import { asAccount, asBigint, asList, asRecord } from './narrow.ts'
import type { RuntimeView } from './runtime.ts'

/** Hex of the storage key of `System.Events`, the same on every Substrate chain. */
export const EVENTS_KEY = `${xxhashAsHex('System', 128)}${xxhashAsHex('Events', 128).slice(2)}`

/** Unsigned integers that an amount may be. */
const AMOUNT_TYPES = new Set(['U64', 'U128'])

/** @throws Error when the events have another layout than we know, or are not what the metadata says */
export function decodeTransfers(view: RuntimeView, events: Uint8Array): Transfer[] {
  const type = findEventsType(view)
  checkLayout(view)
  const records = asList(asRecord)(view.decoder.decode(type, events))
  return records.flatMap((record, eventIndex) => {
    const pallet = asRecord(record.event)
    const event = asRecord(pallet.value)
    if (pallet.kind !== 'Balances' || event.kind !== 'Transfer') return []
    const { from, to, amount } = asRecord(event.value)
    return [
      {
        eventIndex,
        from: toAddress(asAccount(from)),
        to: toAddress(asAccount(to)),
        amountRao: asBigint(amount),
      },
    ]
  })
}

function findEventsType({ metadata }: RuntimeView): TypeId {
  const pallet = metadata.asLatest.pallets.find(({ name }) => name.toString() === 'System')
  const items = pallet?.storage.isSome ? [...pallet.storage.unwrap().items] : []
  const item = items.find(({ name }) => name.toString() === 'Events')
  if (!item?.type.isPlain) throw new Error('The runtime has no events.')
  return item.type.asPlain.toNumber()
}

/** `Balances.Transfer { from: account, to: account, amount: unsigned integer }`, and nothing else. */
function checkLayout({ metadata, decoder }: RuntimeView): void {
  const { pallets, lookup } = metadata.asLatest
  const pallet = pallets.find(({ name }) => name.toString() === 'Balances')
  if (!pallet?.events.isSome) throw new Error('The runtime has no balances.')
  const { variants } = lookup.getSiType(pallet.events.unwrap().type).def.asVariant
  const fields = variants.find(({ name }) => name.toString() === 'Transfer')?.fields ?? []
  const shape = fields.map(({ name, type }) => {
    const inner = decoder.unwrap(type.toNumber())
    const kind = isAccount(inner)
      ? 'account'
      : inner.def.isPrimitive
        ? inner.def.asPrimitive.type
        : inner.def.type
    return `${name.unwrapOr('')}: ${AMOUNT_TYPES.has(kind) ? 'integer' : kind}`
  })
  if (shape.join(', ') !== 'from: account, to: account, amount: integer') {
    throw new Error(`Balances.Transfer has an unknown layout: ${shape.join(', ')}.`)
  }
}
