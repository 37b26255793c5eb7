/** The transaction pool: what it lets in, and what is told to those who watch their transaction. */
import { blake256 } from '../hashing.ts'
import {
  decodeSignedExtrinsic,
  lifetimeOf,
  type SignedExtrinsic,
  signedPayload,
} from '../runtime/extrinsic.ts'
import { system } from '../runtime/pallets.ts'
import { readValue, type StateReader } from '../runtime/storage.ts'
import type { RuntimeDescription } from '../runtime/version.ts'
import { fromHex } from '../scale/bytes.ts'
import { canPay, depthOf, type Fee, feeOf } from './fees.ts'
import { invalidTransaction, RpcError } from './rpc-error.ts'
import { isSignedBy } from './signature.ts'

/** As Substrate's default limit of ready transactions. */
const POOL_MAX = 8_192

/** As the runtime's limit on nesting, well below what a stack holds. */
const CALL_DEPTH_MAX = 64

const EXTRINSIC_BYTES_MAX = 1024 * 1024

/** As `author_extrinsicUpdate` carries it. */
export type TransactionStatus =
  | 'future'
  | 'ready'
  | 'invalid'
  | { readonly inBlock: string }
  | { readonly retracted: string }
  | { readonly usurped: string }
  | { readonly finalized: string }

export type Watcher = (status: TransactionStatus) => void

export type PooledTransaction = {
  readonly hash: string
  readonly hex: string
  readonly extrinsic: SignedExtrinsic
  readonly fee: Fee
  /** First block in which it is no longer valid. */
  readonly deathBlock: number
  readonly watcher: Watcher | null
}

/** What the pool must know of the chain's head. */
export type PoolView = {
  readonly state: StateReader
  readonly headNumber: number
  readonly genesisHash: string
  readonly runtime: RuntimeDescription
  hashOf(number: number): string | null
}

export class TransactionPool {
  readonly #transactions = new Map<string, PooledTransaction>()
  readonly #view: () => PoolView

  constructor(view: () => PoolView) {
    this.#view = view
  }

  /** Hex texts, oldest first. */
  list(): string[] {
    return [...this.#transactions.values()].map(({ hex }) => hex)
  }

  /**
   * Takes a signed extrinsic.
   *
   * @returns its hash
   * @throws RpcError 1002 not an extrinsic · 1010 signature, nonce, era or fee · 1013 already here · 1014 another one has this nonce · 1016 full
   */
  submit(hex: string, watcher: Watcher | null): string {
    const transaction = this.#validate(hex, watcher)
    const { signer, terms } = transaction.extrinsic
    if (this.#transactions.has(transaction.hash)) {
      throw new RpcError(1013, 'Transaction is already imported', transaction.hash)
    }
    const rival = this.#find(signer, terms.nonce)
    if (rival) {
      if (rival.extrinsic.terms.tipRao >= terms.tipRao) {
        throw new RpcError(
          1014,
          `Priority is too low: (${terms.tipRao} vs ${rival.extrinsic.terms.tipRao})`,
          'The transaction has too low priority to replace another transaction already in the pool.',
        )
      }
      this.#transactions.delete(rival.hash)
      rival.watcher?.({ usurped: transaction.hash })
    }
    if (this.#transactions.size >= POOL_MAX) {
      throw new RpcError(
        1016,
        'Immediately Dropped',
        'The transaction could not enter the pool because of the limit',
      )
    }
    this.#transactions.set(transaction.hash, transaction)
    const isReady = this.nextNonce(signer) > terms.nonce
    watcher?.(isReady ? 'ready' : 'future')
    return transaction.hash
  }

  /** Puts transactions of a retracted block back. */
  restore(transactions: readonly PooledTransaction[]): void {
    for (const transaction of transactions) this.#transactions.set(transaction.hash, transaction)
  }

  /** The account's next nonce, counting those that wait here without a gap. */
  nextNonce(account: string): number {
    let nonce = this.#nonceOf(account)
    while (this.#find(account, nonce)) nonce += 1
    return nonce
  }

  /**
   * Takes out those that can be executed now, each account's in order of nonce, and drops those whose time has passed. `blockNumber` is
   * the block they would stand in.
   */
  takeReady(blockNumber: number): PooledTransaction[] {
    const next = new Map<string, number>()
    const ready: PooledTransaction[] = []
    for (const transaction of this.#inOrderOfNonce()) {
      const { signer, terms } = transaction.extrinsic
      const expected = next.get(signer) ?? this.#nonceOf(signer)
      if (terms.nonce > expected) continue
      this.#transactions.delete(transaction.hash)
      if (terms.nonce < expected || blockNumber >= transaction.deathBlock) {
        transaction.watcher?.('invalid')
        continue
      }
      next.set(signer, expected + 1)
      ready.push(transaction)
    }
    return ready
  }

  #validate(hex: string, watcher: Watcher | null): PooledTransaction {
    const view = this.#view()
    const bytes = readHex(hex)
    const extrinsic = readExtrinsic(bytes)
    const { terms, signer } = extrinsic
    const { birth, death } = lifetimeOf(terms.era, view.headNumber)
    const eraHash = terms.era === 0 ? view.genesisHash : view.hashOf(birth)
    if (eraHash === null) throw invalidTransaction('Transaction has an ancient birth block')
    const payload = signedPayload(extrinsic.callBytes, terms, {
      runtime: view.runtime,
      genesisHash: view.genesisHash,
      eraHash,
    })
    if (!isSignedBy(extrinsic, payload)) throw invalidTransaction('Transaction has a bad signature')
    const account = readValue(view.state, system.account, signer)
    if (terms.nonce < account.nonce) throw invalidTransaction('Transaction is outdated')
    const fee = feeOf(extrinsic.call, bytes.length)
    if (!canPay(account.data.free, fee.feeRao + terms.tipRao)) {
      throw invalidTransaction('Inability to pay some fees (e.g. account balance too low)')
    }
    return { hash: blake256(bytes), hex, extrinsic, fee, deathBlock: death, watcher }
  }

  #nonceOf(account: string): number {
    return readValue(this.#view().state, system.account, account).nonce
  }

  #find(signer: string, nonce: number): PooledTransaction | null {
    for (const transaction of this.#transactions.values()) {
      if (transaction.extrinsic.signer === signer && transaction.extrinsic.terms.nonce === nonce) {
        return transaction
      }
    }
    return null
  }

  #inOrderOfNonce(): PooledTransaction[] {
    return [...this.#transactions.values()].sort(
      (left, right) => left.extrinsic.terms.nonce - right.extrinsic.terms.nonce,
    )
  }
}

function readHex(hex: string): Uint8Array {
  try {
    const bytes = fromHex(hex)
    if (bytes.length <= EXTRINSIC_BYTES_MAX) return bytes
  } catch {
    // Said below: a text that is not hex is as little an extrinsic as one that is too long.
  }
  throw new RpcError(1002, 'Verification Error: Runtime error: Execution failed', 'Not an extrinsic.')
}

function readExtrinsic(bytes: Uint8Array): SignedExtrinsic {
  let extrinsic: SignedExtrinsic
  try {
    extrinsic = decodeSignedExtrinsic(bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'Not an extrinsic.'
    throw new RpcError(1002, 'Verification Error: Runtime error: Execution failed', reason)
  }
  if (depthOf(extrinsic.call) > CALL_DEPTH_MAX)
    throw invalidTransaction('Transaction call is nested too deeply')
  return extrinsic
}
