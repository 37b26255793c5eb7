/** One turn of the deposit watcher: from the cursor towards the finalised head, block by block, credits and cursor in one transaction. */
import { GatewayError } from '../errors.ts'
import type { BlockReference, BlockTransfers, Chain } from '../ports/chain.ts'
import type { DepositCredit, DepositCursor, Deposits } from '../ports/ledger.ts'

export type WalkOptions = {
  readonly chain: Pick<Chain, 'readTransfers'>
  readonly deposits: Pick<Deposits, 'credit' | 'listAddresses'>
  /** Blocks read in one turn at most. */
  readonly blocksMax: number
  /** Called after each transaction, so that a turn that fails later has reported what it did. */
  readonly onStored: (stored: {
    readonly cursor: DepositCursor
    /** Credits that were new. */
    readonly credited: readonly { readonly accountId: string; readonly amountRao: bigint }[]
    /** Transfers to addresses that belong to no account. */
    readonly unmatched: number
  }) => void
}

/** The chain is not the one that was followed so far: nothing may be credited until a person has looked. */
export class ChainMismatch extends Error {
  override readonly name = 'ChainMismatch'
}

/**
 * Walks from `cursor` to the finalised `head`, or as far as one turn goes.
 *
 * @throws ChainMismatch when a block does not follow the one before it · GatewayError `chain_unavailable` also when the chain
 *   contradicts itself about the head · `ledger_unavailable` · `conflict` the stored cursor is not `cursor`
 */
export async function walkDeposits(
  cursor: DepositCursor,
  head: BlockReference,
  options: WalkOptions,
): Promise<void> {
  const { deposits, onStored } = options
  const blocks = await readBlocks(cursor, head, options)
  // Read after the blocks: an account that was opened before its transfer was finalised is among them.
  const hasTransfers = blocks.some((block) => block.transfers.length > 0)
  const addresses = hasTransfers ? await deposits.listAddresses() : new Map<string, string>()
  let stored = cursor
  let unmatched = 0
  for (const [index, block] of blocks.entries()) {
    const credits = block.transfers.filter((transfer) => addresses.has(transfer.to)).map(toCredit)
    unmatched += block.transfers.length - credits.length
    // Blocks without credits move the cursor together with the next one that has some, or at the end of the turn.
    if (credits.length === 0 && index < blocks.length - 1) continue
    const to = { genesisHash: cursor.genesisHash, number: block.number, hash: block.hash }
    const credited = await deposits.credit(stored, to, credits)
    onStored({ cursor: to, credited, unmatched })
    stored = to
    unmatched = 0
  }
}

/** Every block after the cursor, each the child of the one before, up to the very head that was finalised. */
async function readBlocks(
  cursor: DepositCursor,
  head: BlockReference,
  { chain, blocksMax }: WalkOptions,
): Promise<readonly BlockTransfers[]> {
  const blocks: BlockTransfers[] = []
  let previous: BlockReference = cursor
  while (previous.number < head.number && blocks.length < blocksMax) {
    const block = await chain.readTransfers(previous.number + 1)
    if (block.number !== previous.number + 1) {
      throw new ChainMismatch(
        `block ${previous.number + 1} was asked for, the chain answered with ${block.number}`,
      )
    }
    if (block.parentHash !== previous.hash) {
      throw new ChainMismatch(
        `block ${block.number} does not follow block ${previous.number}: its parent is ${block.parentHash}, not ${previous.hash}`,
      )
    }
    blocks.push(block)
    previous = block
  }
  if (previous.number === head.number && previous.hash !== head.hash) {
    // Read from a node on another branch: not final, whatever it says.
    throw new GatewayError('chain_unavailable', `The chain says two things about block ${head.number}.`)
  }
  return blocks
}

function toCredit({ eventIndex, from, to, amountRao }: BlockTransfers['transfers'][number]): DepositCredit {
  return { eventIndex, from, to, amountRao }
}
