/**
 * The deposit watcher: credits finalised transfers to the accounts whose deposit addresses they reach. Never skips a block and never
 * applies one twice: the cursor and the credits move in one transaction.
 */
import { GatewayError } from '../errors.ts'
import type { BlockReference, Chain } from '../ports/chain.ts'
import type { DepositCursor, Deposits } from '../ports/ledger.ts'
import type { Logger } from '../ports/logger.ts'
import { ChainMismatch, type WalkOptions, walkDeposits } from './deposit-walk.ts'
import type { Timing } from './timing.ts'

export type DepositWatcherOptions = {
  readonly chain: Pick<Chain, 'readFinalized' | 'readTransfers' | 'onFinalized' | 'state'>
  readonly deposits: Pick<Deposits, 'readCursor' | 'credit' | 'listAddresses'>
  readonly timing: Timing
  readonly log: Logger
  /** On the very first start: transfers in blocks after this one are credited; null for the finalised block of that moment. */
  readonly startBlock?: number | null
  /** Blocks read before others get their turn. */
  readonly blocksPerTurn?: number
}

export type DepositWatcherState = {
  /** `standby` another process watches · `starting` nothing was read yet · `following` · `retrying` the chain or the ledger does not answer · `stopped` a person has to look · `closed`. */
  readonly status: 'standby' | 'starting' | 'following' | 'retrying' | 'stopped' | 'closed'
  /** The last block whose transfers are credited; null before the first. */
  readonly cursor: DepositCursor | null
  /** Finalised blocks that are not credited yet; null before a head was seen. */
  readonly lagBlocks: number | null
  /** Since the start of the process. */
  readonly credited: number
  readonly unmatched: number
  /** Why deposits are late, for people; null when all is well. */
  readonly problem: string | null
}

export type DepositWatcher = {
  state(): DepositWatcherState
  /** Stops; resolves when no credit is under way. */
  close(): Promise<void>
}

const BLOCKS_PER_TURN = 32
const BACKOFF_MS_MIN = 500
const BACKOFF_MS_MAX = 30_000
// A pruned node keeps the state of 256 blocks (51 minutes at 12 s): beyond that it cannot tell events any more.
const LAG_BLOCKS_ALARM = 100
// Finalised heads are announced; this finds those whose announcement got lost.
const POLL_MS = 60_000

/** Starts watching. Nothing it meets is thrown: see `state`. */
export function startDepositWatcher(options: DepositWatcherOptions): DepositWatcher {
  const watcher = new Watcher(options)
  watcher.start()
  return { state: () => watcher.state(), close: () => watcher.close() }
}

class Watcher {
  readonly #options: DepositWatcherOptions
  #status: DepositWatcherState['status'] = 'starting'
  #cursor: DepositCursor | null = null
  /** The highest finalised block that was seen. */
  #head: BlockReference | null = null
  #credited = 0
  #unmatched = 0
  #problem: string | null = null
  #backoffMs = 0
  /** Whether the stored cursor was read and found on this chain. */
  #isVerified = false
  #isLate = false
  #turning: Promise<void> | null = null
  #cancelTimer: (() => void) | null = null
  #unsubscribe: () => void = () => {}

  constructor(options: DepositWatcherOptions) {
    this.#options = options
  }

  start(): void {
    this.#unsubscribe = this.#options.chain.onFinalized((head) => {
      this.#see(head)
      // While retrying, the back-off decides.
      if (this.#backoffMs === 0) this.#wake(0)
    })
    this.#wake(0)
  }

  state(): DepositWatcherState {
    const cursor = this.#cursor
    return {
      status: this.#status,
      cursor,
      lagBlocks:
        cursor === null || this.#head === null ? null : Math.max(0, this.#head.number - cursor.number),
      credited: this.#credited,
      unmatched: this.#unmatched,
      problem: this.#problem,
    }
  }

  async close(): Promise<void> {
    this.#end('closed')
    await this.#turning
  }

  #end(status: 'stopped' | 'closed'): void {
    if (this.#status !== 'stopped') this.#status = status
    this.#unsubscribe()
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  #hasEnded(): boolean {
    return this.#status === 'stopped' || this.#status === 'closed'
  }

  /** The next turn in `delayMs`, sooner than one that was planned before. */
  #wake(delayMs: number): void {
    if (this.#turning || this.#hasEnded()) return
    this.#cancelTimer?.()
    this.#cancelTimer = this.#options.timing.after(delayMs, () => {
      this.#cancelTimer = null
      this.#turning = this.#turn().then((nextMs) => {
        this.#turning = null
        this.#wake(nextMs)
      })
    })
  }

  /** @returns milliseconds until the next turn */
  async #turn(): Promise<number> {
    try {
      if (!this.#isVerified) await this.#verifyCursor()
      await this.#advance()
      this.#backoffMs = 0
      if (this.#hasEnded()) return 0
      this.#status = 'following'
      return this.#checkLag() > 0 ? 0 : POLL_MS
    } catch (error) {
      return this.#fail(error)
    }
  }

  /** Reads the stored cursor, or makes the first; it must lie on this chain. */
  async #verifyCursor(): Promise<void> {
    const { chain, deposits, startBlock } = this.#options
    const head = await chain.readFinalized()
    this.#head = head
    const { genesisHash } = chain.state()
    if (genesisHash === null)
      throw new GatewayError('chain_unavailable', 'The chain has not said its genesis.')
    let cursor = await deposits.readCursor()
    if (cursor === null) {
      const start = startBlock ?? null
      const block = start === null ? head : await chain.readTransfers(start)
      cursor = { genesisHash, number: block.number, hash: block.hash }
      await deposits.credit(null, cursor, [])
    }
    if (cursor.genesisHash !== genesisHash) {
      throw new ChainMismatch(
        `the ledger was credited from the chain ${cursor.genesisHash}, this one is ${genesisHash}; give it another data directory`,
      )
    }
    if (cursor.number > head.number) {
      // A node that is still syncing, or one that lies: nothing can be said yet.
      throw new GatewayError(
        'chain_unavailable',
        `The chain is at block ${head.number}, before ${cursor.number}.`,
      )
    }
    const canonical = cursor.number === head.number ? head : await chain.readTransfers(cursor.number)
    if (canonical.hash !== cursor.hash) {
      throw new ChainMismatch(
        `the credited block ${cursor.number} was ${cursor.hash}, the chain now says ${canonical.hash}`,
      )
    }
    this.#cursor = cursor
    this.#isVerified = true
  }

  async #advance(): Promise<void> {
    const { chain, deposits } = this.#options
    const blocksMax = this.#options.blocksPerTurn ?? BLOCKS_PER_TURN
    const cursor = this.#cursor
    if (cursor === null || this.#hasEnded()) return
    if (this.#head === null || this.#head.number <= cursor.number) this.#see(await chain.readFinalized())
    if (this.#head === null || this.#head.number <= cursor.number) return
    await walkDeposits(cursor, this.#head, { chain, deposits, blocksMax, onStored: this.#report })
  }

  readonly #report: WalkOptions['onStored'] = ({ cursor, credited, unmatched }) => {
    const { log } = this.#options
    this.#cursor = cursor
    this.#unmatched += unmatched
    this.#credited += credited.length
    for (const { accountId, amountRao } of credited) {
      log.info({ accountId, amountRao: amountRao.toString() }, 'A deposit was credited.')
    }
    if (unmatched > 0) log.debug({ transfers: unmatched }, 'Transfers reached no deposit address.')
  }

  #see(head: BlockReference): void {
    if (this.#head === null || head.number > this.#head.number) this.#head = head
  }

  /** @returns blocks still to be credited */
  #checkLag(): number {
    const lagBlocks = this.state().lagBlocks ?? 0
    const isLate = lagBlocks >= LAG_BLOCKS_ALARM
    if (isLate && !this.#isLate) this.#options.log.error({ lagBlocks }, 'Deposits are credited late.')
    this.#isLate = isLate
    this.#problem = isLate ? `deposits are ${lagBlocks} blocks behind` : null
    return lagBlocks
  }

  #fail(error: unknown): number {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof GatewayError && RETRIED.has(error.code)) {
      // The stored cursor may have moved: it is read again.
      this.#isVerified = false
      this.#backoffMs = Math.min(Math.max(this.#backoffMs * 2, BACKOFF_MS_MIN), BACKOFF_MS_MAX)
      if (!this.#hasEnded()) this.#status = 'retrying'
      this.#problem = message
      this.#options.log.warn({ error, backoffMs: this.#backoffMs }, 'Deposits wait; trying again.')
      return this.#backoffMs
    }
    this.#problem = `deposits are stopped: ${message}`
    this.#options.log.error({ error }, 'Deposits are stopped: a person has to look.')
    this.#end('stopped')
    return 0
  }
}

/** Codes of failures that pass by themselves; `conflict`: another process moved the cursor. */
const RETRIED: ReadonlySet<string> = new Set(['chain_unavailable', 'ledger_unavailable', 'conflict'])
