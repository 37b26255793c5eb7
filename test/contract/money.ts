/** Accounts with money, and receipts, for the contracts of whatever keeps them. */
import { randomBytes } from 'node:crypto'
import type { HoldRequest, Receipt } from '../../src/ports/ledger.ts'
import type { Store } from '../../src/ports/store.ts'

export type Customer = { readonly accountId: string; readonly keyId: string; readonly sha256: string }

/** Unique over all tests that share a store. */
export const unique = (): string => randomBytes(9).toString('hex')

export async function newCustomer(store: Store, fundsRao: bigint): Promise<Customer> {
  const name = unique()
  const accountId = `acc_${name}`
  const sha256 = randomBytes(32).toString('hex')
  await store.accounts.create({ id: accountId, name, depositAddress: `address-${name}` })
  const { id: keyId } = await store.accounts.addKey({
    id: `key_${name}`,
    accountId,
    prefix: 'yg-abc',
    sha256,
  })
  if (fundsRao > 0n) await fund(store, accountId, fundsRao)
  return { accountId, keyId, sha256 }
}

/** Credits an account as the watcher of deposits does, in a block of its own. */
export async function fund(store: Store, accountId: string, amountRao: bigint): Promise<void> {
  const { depositAddress } = await store.accounts.get(accountId)
  const from = await store.deposits.readCursor()
  const to = {
    genesisHash: from?.genesisHash ?? '0xgenesis',
    number: (from?.number ?? 0) + 1,
    hash: `0x${unique()}`,
  }
  await store.deposits.credit(from, to, [{ eventIndex: 0, from: 'somebody', to: depositAddress, amountRao }])
}

export function holdRequest(
  customer: Customer,
  amountRao: bigint,
  more: Partial<HoldRequest> = {},
): HoldRequest {
  const { accountId, keyId } = customer
  return { id: `hold:req_${unique()}`, accountId, keyId, amountRao, ttlMs: 600_000, ...more }
}

/** A receipt that belongs to a hold; `more` replaces members. */
export function receiptFor(hold: HoldRequest, capturedRao: bigint, more: Partial<Receipt> = {}): Receipt {
  return {
    id: `rcp_${hold.id.slice('hold:'.length)}`,
    requestId: hold.id.slice('hold:'.length),
    accountId: hold.accountId,
    keyId: hold.keyId,
    model: 'text-1',
    capability: 'chat',
    priceVersion: '1',
    lines: [
      { meter: 'output_token', units: 2n ** 53n + 1n, rao: 900_000n, per: 1_000_000n, costRao: capturedRao },
    ],
    heldRao: hold.amountRao,
    capturedRao,
    releasedRao: hold.amountRao - capturedRao,
    provider: { netuid: 1, mechid: 0, hotkey: '5Miner', uid: 7, incentive: 65_535, block: 123 },
    attempts: 1,
    outputSha256: 'ab'.repeat(32),
    runId: null,
    stepId: null,
    createdAt: '2026-11-25T10:00:00.000Z',
    ...more,
  }
}
