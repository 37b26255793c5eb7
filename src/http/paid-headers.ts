/** Headers that say who answered, from which scores, and what it cost. */
import type { Performed } from '../inference/perform.ts'
import type { Receipt } from '../ports/ledger.ts'
import type { ReplyHeaders } from './reply.ts'

/** @param receipt - null for a stream, which is charged after its headers have left */
export function paidHeaders(
  { provider, attempts }: Pick<Performed, 'provider' | 'attempts'>,
  receipt: Receipt | null,
): ReplyHeaders {
  const headers: ReplyHeaders = {
    'x-yumagate-hotkey': provider.hotkey,
    'x-yumagate-attempts': String(attempts),
  }
  if (provider.netuid !== null) headers['x-yumagate-netuid'] = String(provider.netuid)
  if (provider.block !== null) headers['x-yumagate-snapshot-block'] = String(provider.block)
  if (receipt) {
    headers['x-cost-rao'] = receipt.capturedRao.toString()
    headers['x-receipt-id'] = receipt.id
  }
  return headers
}
